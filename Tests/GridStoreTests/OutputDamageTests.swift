import Foundation
import GridModel
import GridStore
import Testing

@Suite struct OutputDamageTests {
    /// The file of a few records, whole, and the bytes in it.
    private func makeFile(in folder: String, isEnded: Bool) throws -> (path: String, total: Int64) {
        let store = try OutputStore(folder: folder)
        var next: Int64 = 0
        for (index, size) in [1, 40, 7, 90, 13].enumerated() {
            next = try store.append(ref(1), [patternChunk(next, size, index % 2 == 0 ? .stdout : .stderr)])
        }
        if isEnded { try store.finish(ref(1)) }
        let paths = try FileManager.default.subpathsOfDirectory(atPath: folder)
        return (paths.first { $0.hasSuffix(".1") }!, next)
    }

    @Test(arguments: [false, true])
    func `a file cut at any byte gives a beginning of the right bytes, and goes on from there`(isEnded: Bool) throws {
        try withFolder { parent in
            let (path, total) = try makeFile(in: parent + "/whole", isEnded: isEnded)
            let whole = try Data(contentsOf: URL(fileURLWithPath: "\(parent)/whole/\(path)"))
            for size in 0...whole.count {
                let folder = "\(parent)/cut\(size)"
                let target = URL(fileURLWithPath: "\(folder)/\(path)")
                try FileManager.default.createDirectory(
                    at: target.deletingLastPathComponent(), withIntermediateDirectories: true)
                try whole.prefix(size).write(to: target)
                let store = try OutputStore(folder: folder)

                let page = try store.everything(ref(1))
                let wanted = try store.wantedOffset(ref(1))

                #expect(page.pieces.flatMap(\.bytes) == (0..<wanted).map(patternByte))
                #expect(page.isEnd == (isEnded && size == whole.count))
                if page.isEnd { continue }
                #expect(try store.append(ref(1), [patternChunk(wanted, Int(total + 50 - wanted))]) == total + 50)
                try store.finish(ref(1))
                #expect(try store.everything(ref(1)).pieces.flatMap(\.bytes) == (0..<total + 50).map(patternByte))
            }
        }
    }

    @Test(arguments: [false, true])
    func `a flipped bit gives an error or fewer bytes, never wrong ones`(isEnded: Bool) throws {
        try withFolder { parent in
            var numbers = SplitMix64(seed: 5)
            let (path, _) = try makeFile(in: parent + "/whole", isEnded: isEnded)
            let whole = try Data(contentsOf: URL(fileURLWithPath: "\(parent)/whole/\(path)"))
            for position in 0..<whole.count {
                let folder = "\(parent)/flip\(position)"
                let target = URL(fileURLWithPath: "\(folder)/\(path)")
                try FileManager.default.createDirectory(
                    at: target.deletingLastPathComponent(), withIntermediateDirectories: true)
                var damaged = whole
                damaged[position] ^= 1 << UInt8.random(in: 0..<8, using: &numbers)
                try damaged.write(to: target)
                let store = try OutputStore(folder: folder)

                for from in [0, 20, 100] as [Int64] {
                    do throws(StoreError) {
                        let page = try store.everything(ref(1), from: from)
                        for piece in page.pieces { #expect(piece.bytes == (piece.offset..<piece.end).map(patternByte)) }
                    } catch {
                        #expect(error.code == .corrupt)
                    }
                }
            }
        }
    }

    /// Against a model that remembers every byte: random appends, repeats, gaps, reads and restarts.
    @Test(arguments: 0..<60 as Range<UInt64>)
    func `random use agrees with a model`(seed: UInt64) throws {
        try withFolder { folder in
            var numbers = SplitMix64(seed: seed)
            var settings = OutputSettings()
            settings.tailBytes = Int64.random(in: 1...400, using: &numbers)
            settings.openFiles = 8
            let limit = Int64.random(in: 1...1_500, using: &numbers)
            var store: OutputStore? = try OutputStore(folder: folder, settings: settings)
            var model = OutputModel(limit: limit, tail: settings.tailBytes)

            for turn in 0..<120 {
                store!.open(ref(1), limitBytes: limit)
                switch Int.random(in: 0..<10, using: &numbers) {
                case 0:
                    store = nil
                    store = try OutputStore(folder: folder, settings: settings)
                case 1, 2, 3:
                    let from = Int64.random(in: 0...Int64(model.streams.count), using: &numbers)
                    let maxBytes = Int.random(in: 1...700, using: &numbers)
                    let page = try store!.everything(ref(1), from: from, maxBytes: maxBytes)
                    #expect(model.agrees(with: page, from: from), "seed \(seed) turn \(turn)")
                case 4:
                    let wanted = Int64(model.streams.count)
                    #expect(try store!.append(ref(1), [patternChunk(wanted + 1, 5)]) == wanted)
                default:
                    var chunks: [OutputChunk] = []
                    for _ in 0..<Int.random(in: 1...4, using: &numbers) {
                        let overlap = Int.random(in: 0...min(20, model.streams.count), using: &numbers)
                        let count = overlap + Int.random(in: 0...300, using: &numbers)
                        let stream: GridModel.OutputStream =
                            Int.random(in: 0..<3, using: &numbers) == 0 ? .stderr : .stdout
                        chunks.append(patternChunk(Int64(model.streams.count - overlap), count, stream))
                        model.streams += Array(repeating: stream, count: count - overlap)
                    }
                    #expect(try store!.append(ref(1), chunks) == Int64(model.streams.count))
                }
            }
            try store!.finish(ref(1))
            store = nil
            let page = try OutputStore(folder: folder, settings: settings).everything(ref(1))
            #expect(page.isEnd)
            #expect(model.agrees(with: page, from: 0), "seed \(seed) at the end")
        }
    }
}

/// Which stream every byte belongs to; the bytes follow from their offsets.
private struct OutputModel {
    let limit: Int64
    let tail: Int64
    var streams: [GridModel.OutputStream] = []

    /// Offsets that must be shown.
    private var shown: [Int64] {
        var totals: [GridModel.OutputStream: Int64] = [:]
        for stream in streams { totals[stream, default: 0] += 1 }
        var seen: [GridModel.OutputStream: Int64] = [:]
        return streams.indices.filter { index in
            let stream = streams[index]
            let position = seen[stream, default: 0]
            seen[stream] = position + 1
            return position < limit || position >= totals[stream]! - tail
        }.map(Int64.init)
    }

    func agrees(with page: OutputPage, from: Int64) -> Bool {
        var found: [Int64] = []
        var cursor = from
        for piece in page.pieces {
            guard piece.offset == cursor + piece.omittedBefore, !piece.bytes.isEmpty else { return false }
            for (index, byte) in piece.bytes.enumerated() {
                let offset = piece.offset + Int64(index)
                guard byte == patternByte(offset), streams[Int(offset)] == piece.stream else { return false }
                found.append(offset)
            }
            cursor = piece.end
        }
        return found == shown.filter { $0 >= from } && page.next == Int64(streams.count)
    }
}
