import GridWire
import NoizyClient
import SwiftProtobuf
import Testing

/// A follower that is cut off anywhere and goes on sees everything once.
struct WatchPositionTests {
    @Test(arguments: 0...12)
    func `whatever is repeated after a reconnect is not seen twice`(cut: Int64) {
        var position = WatchPosition()
        var seen = ""
        func read(_ updates: [Noizylab_Grid_WatchUpdate]) {
            for update in updates {
                guard case .output(let output)? = position.take(update)?.update else { continue }
                for chunk in output.chunks { seen += String(decoding: chunk.data, as: UTF8.self) }
            }
        }

        read([Self.output(1, 0, "hello "), Self.output(1, 6, "grid.")])
        // The server goes on at any earlier place, in other pieces.
        let whole = "hello grid. and more"
        let from = min(cut, position.offset)
        read([Self.output(1, from, String(whole.dropFirst(Int(from)).prefix(3)))])
        read([Self.output(1, from + 3, String(whole.dropFirst(Int(from) + 3)))])

        #expect(seen == whole)
        #expect(position.offset == Int64(whole.utf8.count))
    }

    @Test func `a newer attempt begins anew, and an older one's rest is dropped`() {
        var position = WatchPosition()
        #expect(position.take(Self.output(1, 0, "abc")) != nil)
        #expect(position.take(Self.output(2, 0, "x")) != nil)
        #expect(position.take(Self.output(1, 3, "late")) == nil)
        #expect(position.epoch == 2)
        #expect(position.offset == 1)
    }

    @Test func `a state is told once, and the last ends it`() {
        var position = WatchPosition()
        let running = Noizylab_Grid_WatchUpdate.with { $0.task.state = "running" }
        let ended = Noizylab_Grid_WatchUpdate.with { $0.task.state = "succeeded" }

        #expect(position.take(running) != nil)
        #expect(position.take(running) == nil)
        #expect(!position.isEnded)
        #expect(position.take(ended) != nil)
        #expect(position.isEnded)
    }

    private static func output(_ epoch: UInt32, _ offset: Int64, _ text: String) -> Noizylab_Grid_WatchUpdate {
        .with {
            $0.output.epoch = epoch
            $0.output.chunks = [
                .with {
                    $0.offset = offset
                    $0.stream = 1
                    $0.data = .init(text.utf8)
                }
            ]
        }
    }
}
