import Foundation
import GridModel
import GridStore
import Testing

@Suite(.serialized) struct DiskFullTests {
    @Test func `a full store refuses, keeps what it had, and goes on when there is room`() throws {
        try withFolder { folder in
            var settings = StoreSettings()
            settings.maximumBytes = 400_000
            let store = try SQLiteStore(folder: folder, settings: settings)
            var kept: UInt64 = 0
            var refusal: StoreError?

            while refusal == nil {
                do throws(StoreError) {
                    try store.commit(StoreBatch(tasks: [.sample(kept + 1, .succeeded), .sample(kept + 2)]))
                    kept += 2
                } catch {
                    refusal = error
                }
            }

            #expect(refusal?.code == .diskFull)
            #expect(kept > 100)
            #expect(store.counts().values.reduce(0, +) == Int(kept))
            for number in 1...kept { #expect(try store.task(TaskID(number: number)) != nil) }
            #expect(
                try store.purge(finishedBefore: Timestamp(microseconds: .max), limit: 100_000).count == Int(kept / 2))
            try store.commit(StoreBatch(tasks: [.sample(kept + 1, .succeeded), .sample(kept + 2)]))
            #expect(try store.load().tasks.count == Int(kept / 2) + 1)
        }
    }

    @Test(.enabled(if: SmallDisk.isAvailable, "needs the right to mount a small file system"))
    func `a full disk loses nothing acknowledged, and both stores go on when there is room`() throws {
        try SmallDisk.with(megabytes: 6) { disk in
            var settings = StoreSettings()
            settings.logBytes = 256 * 1024
            let store = try SQLiteStore(folder: disk + "/store", settings: settings)
            let outputs = try OutputStore(folder: disk + "/output")
            let ballast = disk + "/ballast"
            try Data(count: 3 << 20).write(to: URL(fileURLWithPath: ballast))
            var kept: UInt64 = 0
            var written: Int64 = 0
            var refusals: [StoreError] = []

            while refusals.count < 20 {
                do throws(StoreError) {
                    try store.commit(StoreBatch(tasks: [.sample(kept + 1), .sample(kept + 2)]))
                    kept += 2
                } catch {
                    refusals.append(error)
                }
                do throws(StoreError) {
                    written = try outputs.append(ref(1), [patternChunk(written, 5_000)])
                } catch {
                    refusals.append(error)
                    #expect(try outputs.wantedOffset(ref(1)) == written)
                }
            }
            #expect(refusals.allSatisfy { $0.code == .diskFull }, "\(refusals)")
            #expect(try (1...kept).allSatisfy { try store.task(TaskID(number: $0)) != nil })

            try FileManager.default.removeItem(atPath: ballast)
            try store.commit(StoreBatch(tasks: [.sample(kept + 1), .sample(kept + 2)]))
            written = try outputs.append(ref(1), [patternChunk(written, 5_000)])
            try outputs.finish(ref(1))

            #expect(try store.load().tasks.count == Int(kept) + 2)
            let bytes = try outputs.everything(ref(1)).pieces.flatMap(\.bytes)
            #expect(bytes == (0..<written).map(patternByte))
        }
    }
}

/// A file system of a few megabytes, where the right to mount one is given.
enum SmallDisk {
    static let isAvailable = (try? with(megabytes: 1) { _ in }) != nil

    static func with<Result>(megabytes: Int, _ body: (String) throws -> Result) throws -> Result {
        try withFolder { folder in
            try run(["mount", "-t", "tmpfs", "-o", "size=\(megabytes)m", "tmpfs", folder])
            defer { try? run(["umount", "-l", folder]) }
            return try body(folder)
        }
    }

    private static func run(_ command: [String]) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = command
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        if process.terminationStatus != 0 { throw CocoaError(.featureUnsupported) }
    }
}
