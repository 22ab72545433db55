import Foundation
import GridModel
import GridStore
import Testing

/// Each owner's quota of stored output.
@Suite struct OutputQuotaTests {
    private static func settings(_ quota: Int64) -> OutputSettings {
        var settings = OutputSettings()
        settings.ownerLimitBytes = quota
        return settings
    }

    /// As many bytes as files of the folder hold, whoever counts them.
    private static func bytesOnDisk(_ folder: String) throws -> Int64 {
        try FileManager.default.subpathsOfDirectory(atPath: folder).filter { $0.contains(".") }.reduce(0) {
            $0 + Int64(try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\($1)")).count)
        }
    }

    @Test func `what is counted is what lies on disk, at every moment and after a restart`() throws {
        try withFolder { folder in
            do {
                let store = try OutputStore(folder: folder, settings: Self.settings(0))
                store.open(ref(1), owner: "ada")
                store.open(ref(2), limitBytes: 1_000, owner: "ada")
                for offset in stride(from: Int64(0), to: 300_000, by: 30_000) {
                    _ = try store.append(ref(1), [patternChunk(offset, 30_000)])
                    _ = try store.append(ref(2), [patternChunk(offset, 30_000, .stderr)])
                    #expect(try store.storedBytes(of: "ada") == Self.bytesOnDisk(folder))
                }
                try store.finish(ref(1))
                #expect(try store.storedBytes(of: "ada") == Self.bytesOnDisk(folder))
                #expect(!store.isFull("ada"))
            }
            let store = try OutputStore(folder: folder, settings: Self.settings(1))
            #expect(store.storedBytes(of: "ada") == 0)
            // The second goes on before it was counted.
            store.open(ref(2), owner: "ada")
            try store.recount { $0 == ref(1).task || $0 == ref(2).task ? "ada" : nil }
            #expect(try store.storedBytes(of: "ada") == Self.bytesOnDisk(folder))
            #expect(store.isFull("ada") && !store.isFull("bob"))
            try store.recount { _ in "ada" }
            #expect(try store.storedBytes(of: "ada") == Self.bytesOnDisk(folder))

            try store.remove(task: ref(1).task)
            #expect(try store.storedBytes(of: "ada") == Self.bytesOnDisk(folder))
            try store.finish(ref(2))
            _ = try store.enforceRetention(maxBytes: 0)
            #expect(store.storedBytes(of: "ada") == 0)
            #expect(!store.isFull("ada"))
        }
    }

    @Test func `beyond the quota only the end is kept, in order and after a restart too`() throws {
        try withFolder { folder in
            var settings = Self.settings(100_000)
            settings.tailBytes = 50_000
            let total: Int64 = 900_000
            do {
                let store = try OutputStore(folder: folder, settings: settings)
                store.open(ref(1), owner: "ada")
                store.open(ref(2), owner: "bob")
                var next: Int64 = 0
                while next < total / 2 { next = try store.append(ref(1), [patternChunk(next, 10_000)]) }
                _ = try store.append(ref(2), [patternChunk(0, 90_000)])
                #expect(store.storedBytes(of: "ada") < 150_000)
                #expect(try store.everything(ref(2)).pieces.flatMap(\.bytes).count == 90_000)
            }
            let store = try OutputStore(folder: folder, settings: settings)
            store.open(ref(1), owner: "ada")
            var next = try store.wantedOffset(ref(1))
            #expect(next == total / 2)
            while next < total { next = try store.append(ref(1), [patternChunk(next, 10_000)]) }
            try store.finish(ref(1))

            let page = try store.everything(ref(1))
            for piece in page.pieces { #expect(piece.bytes == (piece.offset..<piece.end).map(patternByte)) }
            #expect(page.isEnd && page.next == total)
            let omitted = page.pieces.map(\.omittedBefore).reduce(0, +)
            let shown = page.pieces.reduce(0) { $0 + $1.bytes.count }
            #expect(omitted + Int64(shown) == total)
            #expect(page.pieces.first?.offset == 0 && page.pieces.last?.end == total, "the beginning and the newest")
            #expect(try Self.bytesOnDisk(folder) < 300_000)
        }
    }

    @Test func `an attempt that begins beyond the quota keeps little`() throws {
        try withFolder { folder in
            let store = try OutputStore(folder: folder, settings: Self.settings(10_000))
            store.open(ref(1), owner: "ada")
            _ = try store.append(ref(1), [patternChunk(0, 20_000)])
            #expect(store.isFull("ada"))

            store.open(ref(3), owner: "ada")
            var next: Int64 = 0
            while next < 1_000_000 { next = try store.append(ref(3), [patternChunk(next, 100_000)]) }
            try store.finish(ref(3))

            let page = try store.everything(ref(3))
            let shown = page.pieces.reduce(0) { $0 + $1.bytes.count }
            #expect((16_384...80_000).contains(shown), "\(shown) bytes")
            #expect(page.pieces.last?.end == 1_000_000)
        }
    }
}
