import Foundation
import GridModel
import GridStore
import Testing

extension OutputStore {
    /// All pages from `offset` on, as one.
    func everything(_ ref: AttemptRef, from offset: Int64 = 0, maxBytes: Int = 100_000) throws(StoreError) -> OutputPage
    {
        var whole = OutputPage(next: offset)
        while true {
            let page = try read(ref, from: whole.next, maxBytes: maxBytes)
            whole.pieces += page.pieces
            whole.next = page.next
            whole.isEnd = page.isEnd
            if page.pieces.isEmpty || page.isEnd { return whole }
        }
    }
}

@Suite struct OutputStoreTests {
    @Test func `what was appended is read back in order, from any offset`() throws {
        try withFolder { folder in
            let store = try OutputStore(folder: folder)
            store.open(ref(1))

            #expect(try store.append(ref(1), [patternChunk(0, 100), patternChunk(100, 50, .stderr)]) == 150)
            #expect(try store.append(ref(1), [patternChunk(150, 200_000)]) == 200_150)

            for offset in [0, 1, 99, 100, 101, 149, 150, 65_686, 200_149] as [Int64] {
                let page = try store.everything(ref(1), from: offset)
                #expect(page.pieces.flatMap(\.bytes) == (offset..<200_150).map(patternByte))
                #expect(page.pieces.allSatisfy { $0.omittedBefore == 0 })
                #expect(!page.isEnd)
            }
            #expect(try store.everything(ref(1)).pieces[1].stream == .stderr)
            #expect(try store.read(ref(1), from: 200_150).pieces.isEmpty)
        }
    }

    @Test func `repeats are ignored and gaps refused`() throws {
        try withFolder { folder in
            let store = try OutputStore(folder: folder)
            #expect(try store.append(ref(1), [patternChunk(0, 10)]) == 10)

            #expect(try store.append(ref(1), [patternChunk(0, 10)]) == 10)
            #expect(try store.append(ref(1), [patternChunk(5, 10)]) == 15)
            #expect(try store.append(ref(1), [patternChunk(15, 5), patternChunk(21, 5)]) == 20)
            #expect(try store.append(ref(1), [patternChunk(16, 0), patternChunk(20, 1), patternChunk(21, 5)]) == 26)

            #expect(try store.everything(ref(1)).pieces.flatMap(\.bytes) == (0..<26).map(patternByte))
        }
    }

    @Test func `after a restart it goes on where the output ended`() throws {
        try withFolder { folder in
            do {
                let store = try OutputStore(folder: folder)
                store.open(ref(1), limitBytes: 1_000)
                _ = try store.append(ref(1), [patternChunk(0, 700)])
                _ = try store.append(ref(2), [patternChunk(0, 5)])
                try store.finish(ref(2))
            }

            let store = try OutputStore(folder: folder)
            store.open(ref(1), limitBytes: 5)

            #expect(try store.wantedOffset(ref(1)) == 700)
            #expect(try store.append(ref(1), [patternChunk(600, 200)]) == 800)
            #expect(try store.everything(ref(1)).pieces.flatMap(\.bytes) == (0..<800).map(patternByte))
            #expect(try store.everything(ref(2)).isEnd)
            #expect(try store.append(ref(2), [patternChunk(5, 5)]) == 5)
        }
    }

    @Test func `inline output never touches the disk, and those who follow get it`() throws {
        try withFolder { folder in
            let store = try OutputStore(folder: folder)
            store.open(ref(1))

            try store.finish(ref(1), inline: InlineOutput(stdout: [1, 2, 3], stderr: [4, 5]))

            let page = try store.read(ref(1), from: 1, maxBytes: 3)
            #expect(
                page.pieces == [
                    OutputPiece(offset: 1, stream: .stdout, bytes: [2, 3]),
                    OutputPiece(offset: 3, stream: .stderr, bytes: [4]),
                ])
            #expect(!page.isEnd)
            #expect(try store.read(ref(1), from: 4).isEnd)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["lock"])
        }
    }

    @Test func `an attempt nobody heard of is unknown, and one without output ends empty`() throws {
        try withFolder { folder in
            let store = try OutputStore(folder: folder)

            #expect(try store.read(ref(1), from: 0) == OutputPage(next: 0, isKnown: false))
            try store.finish(ref(1))
            #expect(try store.read(ref(1), from: 0) == OutputPage(next: 0, isEnd: true))
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["lock"])
        }
    }

    @Test(arguments: [999, 1_000, 1_001, 1_099, 1_100, 1_101, 1_250, 5_000] as [Int64])
    func `beyond the limit the beginning and the end are kept, to the byte`(total: Int64) throws {
        try withFolder { folder in
            var settings = OutputSettings()
            settings.tailBytes = 100
            do {
                let store = try OutputStore(folder: folder, settings: settings)
                store.open(ref(1), limitBytes: 1_000)
                var next: Int64 = 0
                while next < total {
                    next = try store.append(ref(1), [patternChunk(next, Int(min(37, total - next)))])
                }
                try check(store)
                try store.finish(ref(1))
            }
            try check(OutputStore(folder: folder, settings: settings))

            func check(_ store: OutputStore) throws {
                let page = try store.everything(ref(1))
                let kept = Array(0..<min(total, 1_000)) + Array(max(1_000, total - 100)..<max(1_000, total))
                #expect(page.pieces.flatMap(\.bytes) == kept.map(patternByte))
                #expect(page.pieces.map(\.omittedBefore).reduce(0, +) == max(0, total - 1_100))
                #expect(page.next == total)
            }
        }
    }

    @Test func `files of a long output stay few and small`() throws {
        try withFolder { folder in
            var settings = OutputSettings()
            settings.tailBytes = 10_000
            let store = try OutputStore(folder: folder, settings: settings)
            store.open(ref(1), limitBytes: 1_000)
            var next: Int64 = 0
            for _ in 0..<300 { next = try store.append(ref(1), [patternChunk(next, 1_777)]) }

            let shard = try FileManager.default.subpathsOfDirectory(atPath: folder).filter { $0.contains(".") }
            let sizes = try shard.map { try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\($0)")).count }

            #expect(shard.count == 3)
            #expect(sizes.reduce(0, +) < 25_000)
        }
    }

    @Test func `bytes the node has lost are skipped and told`() throws {
        try withFolder { folder in
            let store = try OutputStore(folder: folder)
            _ = try store.append(ref(1), [patternChunk(0, 10)])

            try store.skip(ref(1), to: 30)
            #expect(try store.append(ref(1), [patternChunk(30, 5)]) == 35)

            let page = try store.everything(ref(1))
            #expect(page.pieces.map(\.offset) == [0, 30])
            #expect(page.pieces.map(\.omittedBefore) == [0, 20])
        }
    }

    @Test func `more attempts than open files`() throws {
        try withFolder { folder in
            var settings = OutputSettings()
            settings.openFiles = 8
            settings.recentAttempts = 10
            let store = try OutputStore(folder: folder, settings: settings)
            for round in 0..<3 as Range<Int64> {
                for task in 1...60 as ClosedRange<UInt64> {
                    #expect(try store.append(ref(task), [patternChunk(round * 10, 10)]) == round * 10 + 10)
                }
            }
            for task in 1...60 as ClosedRange<UInt64> { try store.finish(ref(task)) }

            #if os(Linux)
                #expect(try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count < 200)
            #endif
            for task in 1...60 as ClosedRange<UInt64> {
                let page = try store.everything(ref(task))
                #expect(page.isEnd)
                #expect(page.pieces.flatMap(\.bytes) == (0..<30).map(patternByte))
            }
        }
    }

    @Test func `retention removes the oldest tasks' output and spares what is open`() throws {
        try withFolder { folder in
            let store = try OutputStore(folder: folder)
            for task in 1...50 as ClosedRange<UInt64> {
                _ = try store.append(ref(task), [patternChunk(0, 10_000)])
                if task != 3 { try store.finish(ref(task), durable: false) }
            }

            let result = try store.enforceRetention(maxBytes: 205_000)

            #expect(result.removedAttempts == 29)
            #expect(result.keptBytes < 220_000)
            #expect(try store.read(ref(1), from: 0).isKnown == false)
            #expect(try store.everything(ref(3)).pieces.flatMap(\.bytes).count == 10_000)
            #expect(try store.everything(ref(50)).pieces.flatMap(\.bytes).count == 10_000)

            try store.remove(task: TaskID(number: 50))
            #expect(try store.read(ref(50), from: 0).isKnown == false)
            let all = try store.enforceRetention(writtenBefore: Timestamp(microseconds: .max))
            #expect(all.removedAttempts == 19)
            #expect(try store.append(ref(3), [patternChunk(10_000, 1)]) == 10_001)
        }
    }

    @Test func `a second opening is refused`() throws {
        try withFolder { folder in
            let store = try OutputStore(folder: folder)
            let error = #expect(throws: StoreError.self) { try OutputStore(folder: folder) }
            #expect(error?.code == .inUse)
            withExtendedLifetime(store) {}
        }
    }
}
