import Agent
import Executors
import GridModel
import Testing

/// Which road is taken, and when it is left.
struct RoadBoardTests {
    private var board = RoadBoard(names: ["cable", "radio"])

    @Test mutating func `the first that opens is taken, and the preferred one when it has been steady`() {
        board.opened(1, at: time(0))
        #expect(board.review(at: time(0)) == .opened(1))
        board.opened(0, at: time(100))
        #expect(board.review(at: time(100)) == nil, "it might be gone again at once")
        hear(from: 200, to: 5_000)
        #expect(board.review(at: time(5_000)) == nil)
        hear(from: 5_100, to: 5_100)
        #expect(board.review(at: time(5_100)) == .changed(from: 1, to: 0))
        #expect(board.states.map(\.isInUse) == [true, false])
    }

    @Test mutating func `when the road in use closes, the next is taken at once`() {
        open(both: 0)
        board.closed(0, RoadFailure(reason: "reset", remedy: "mend it"))
        #expect(board.review(at: time(10)) == .changed(from: 0, to: 1))
        #expect(board.states[0].condition == .closed)
        #expect(board.states[0].reason == "reset" && board.states[0].remedy == "mend it")
    }

    @Test mutating func `a road that fell silent is left within a second while another one speaks`() {
        open(both: 0)
        for now in stride(from: Int64(100), through: 800, by: 100) {
            board.heard(1, at: time(now))
            #expect(board.review(at: time(now)) == nil)
        }
        board.heard(1, at: time(900))
        #expect(board.review(at: time(900)) == .changed(from: 0, to: 1))
        #expect(board.states[0].condition == .silent)
    }

    @Test mutating func `when all are silent nothing is changed`() {
        open(both: 0)
        #expect(board.review(at: time(3_000)) == nil)
        #expect(board.inUse == 0)
        #expect(board.states.map(\.condition) == [.silent, .silent])
    }

    @Test mutating func `the last that closes is told, and what is known of each stands until it is open`() {
        open(both: 0)
        board.closed(1, RoadFailure(reason: "no carrier"))
        #expect(board.review(at: time(1)) == nil)
        board.closed(0, RoadFailure(reason: "reset"))
        #expect(board.review(at: time(2)) == .closed)
        board.opening(0)
        #expect(board.review(at: time(3)) == nil)
        #expect(board.states[0] == RoadState(name: "cable", condition: .opening, reason: "reset"))
        board.opened(0, at: time(4))
        #expect(board.review(at: time(4)) == .opened(0))
        #expect(board.states[0] == RoadState(name: "cable", condition: .open, isInUse: true))
    }

    private mutating func open(both milliseconds: Int64) {
        board.opened(0, at: time(milliseconds))
        board.opened(1, at: time(milliseconds))
        _ = board.review(at: time(milliseconds))
    }

    private mutating func hear(from first: Int64, to last: Int64) {
        for now in stride(from: first, through: last, by: 100) {
            board.heard(0, at: time(now))
            board.heard(1, at: time(now))
            if now < last { _ = board.review(at: time(now)) }
        }
    }

    private func time(_ milliseconds: Int64) -> MonotonicTime {
        MonotonicTime(nanoseconds: milliseconds * 1_000_000)
    }
}
