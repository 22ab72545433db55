import Agent
import Executors
import GridModel
import Testing

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

final class SpoolTests {
    private let folder: String

    init() {
        folder = Folders.makeTemporary("/tmp/noizylab-spool-") ?? "/nonexistent"
    }

    deinit { Folders.remove(folder) }

    @Test func `what was kept and not dropped comes back`() throws {
        let (spool, empty) = try Spool.open(folder: folder)
        #expect(empty.isEmpty)
        try spool.write(keeping: [result(1), result(2), result(3)], dropping: [])
        try spool.write(keeping: [], dropping: [result(2).ref])

        let (again, kept) = try Spool.open(folder: folder)

        #expect(kept == [result(1), result(3)])
        #expect(again.count == 2)
    }

    @Test func `a file that has grown is emptied when nothing is left in it`() throws {
        let (spool, _) = try Spool.open(folder: folder)
        for number in 1...2_000 { try spool.write(keeping: [result(UInt64(number))], dropping: []) }
        #expect((Folders.read(folder + "/results")?.count ?? 0) > 64 << 10)
        try spool.write(keeping: [], dropping: (1...2_000).map { result(UInt64($0)).ref })

        #expect(Folders.read(folder + "/results")?.count == 0)
        try spool.write(keeping: [result(5)], dropping: [])
        #expect(try Spool.open(folder: folder).kept == [result(5)])
    }

    @Test func `a small file is not cut, and what was dropped does not come back`() throws {
        let (spool, _) = try Spool.open(folder: folder)
        for number in 1...100 { try spool.write(keeping: [result(UInt64(number))], dropping: []) }
        try spool.write(keeping: [], dropping: (1...100).map { result(UInt64($0)).ref })

        #expect((Folders.read(folder + "/results")?.count ?? 0) > 0)
        #expect(try Spool.open(folder: folder).kept.isEmpty)
    }

    @Test func `cut off at any byte it gives back every whole result before`() throws {
        let results = (1...3).map { result(UInt64($0)) }
        let (spool, _) = try Spool.open(folder: folder)
        var ends = [0]
        for result in results {
            try spool.write(keeping: [result], dropping: [])
            ends.append(Folders.read(folder + "/results")?.count ?? 0)
        }
        let whole = try #require(Folders.read(folder + "/results"))

        for length in 0...whole.count {
            let other = folder + "/cut"
            Folders.make(other)
            Folders.write(whole[..<length], to: other + "/results")

            let (reopened, kept) = try Spool.open(folder: other)

            let expected = ends.lastIndex { $0 <= length } ?? 0
            #expect(kept == Array(results[..<expected]), "cut at \(length) of \(whole.count)")
            try reopened.write(keeping: [result(9)], dropping: [])
            #expect(try Spool.open(folder: other).kept == results[..<expected] + [result(9)])
            Folders.remove(other)
        }
    }

    @Test func `a damaged byte costs its record and what follows, and never more`() throws {
        let (spool, _) = try Spool.open(folder: folder)
        try spool.write(keeping: [result(1)], dropping: [])
        let first = Folders.read(folder + "/results")?.count ?? 0
        try spool.write(keeping: [result(2)], dropping: [])
        let whole = try #require(Folders.read(folder + "/results"))

        for position in first..<whole.count {
            var damaged = whole
            damaged[position] ^= 0x40
            Folders.write(damaged, to: folder + "/results")
            #expect(try Spool.open(folder: folder).kept == [result(1)], "damaged at \(position)")
        }
    }

    @Test func `a large file is written anew when most of it is not wanted`() throws {
        let (spool, _) = try Spool.open(folder: folder)
        let bytes = [UInt8](repeating: 7, count: 100_000)
        for number in 1...30 {
            try spool.write(keeping: [result(UInt64(number), output: bytes)], dropping: [])
            if number > 2 { try spool.write(keeping: [], dropping: [result(UInt64(number)).ref]) }
        }

        #expect((Folders.read(folder + "/results", limit: .max)?.count ?? 0) < 1_500_000)
        let kept = try Spool.open(folder: folder).kept
        #expect(kept == [result(1, output: bytes), result(2, output: bytes)])
    }

    private func result(_ number: UInt64, output: [UInt8] = []) -> FinishedAttempt {
        let outcome = AttemptOutcome(
            end: .failed, exitCode: Int32(number), error: "ended with exit code \(number)",
            usage: Usage(userMicroseconds: 5, systemMicroseconds: 6, maxResidentBytes: 7),
            inlineOutput: output.isEmpty ? InlineOutput(stdout: [1, 2, 3], stderr: [0]) : nil, runMicroseconds: 12)
        return FinishedAttempt(
            ref: AttemptRef(task: TaskID(number: number), epoch: 1), outcome: outcome,
            output: output.isEmpty ? [] : [OutputChunk(offset: 10, stream: .stderr, bytes: output)],
            outputEnd: output.isEmpty ? 0 : Int64(10 + output.count))
    }
}
