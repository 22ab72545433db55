import Foundation
import GridModel
import GridStore
import Testing

@Suite struct OutputFollowingTests {
    @Test(.timeLimit(.minutes(1)))
    func `many readers follow a writer to the end without gap or repeat`() async throws {
        try await withFolder { folder in
            let store = try OutputStore(folder: folder)
            let total: Int64 = 8 << 20
            try await withThrowingTaskGroup(of: Int64.self) { group in
                for reader in 0..<6 {
                    group.addTask {
                        var next = Int64(reader * 1_000)
                        while true {
                            let most = 10_000 + reader * 33_333
                            let page =
                                try store.readNewest(ref(1), from: next, maxBytes: most)
                                ?? store.read(ref(1), from: next, maxBytes: most)
                            for piece in page.pieces {
                                #expect(piece.omittedBefore == 0 && piece.offset == next)
                                let isRight = piece.bytes.indices.allSatisfy {
                                    piece.bytes[$0] == patternByte(piece.offset + Int64($0))
                                }
                                #expect(isRight)
                                next = piece.end
                            }
                            if page.isEnd { return next }
                            if page.pieces.isEmpty { await store.waitForMore(ref(1), after: next) }
                        }
                    }
                }
                group.addTask {
                    var next: Int64 = 0
                    while next < total { next = try store.append(ref(1), [patternChunk(next, 40_000)]) }
                    try store.finish(ref(1))
                    return next
                }
                for try await end in group { #expect(end >= total) }
            }
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func `what is followed comes from memory, in whole chunks, until the end`() async throws {
        try await withFolder { folder in
            let store = try OutputStore(folder: folder)
            _ = try store.append(ref(1), [patternChunk(0, 50_000)])
            #expect(store.readNewest(ref(1), from: 0) == nil, "nobody follows")

            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await store.waitForMore(ref(1), after: .max - 1) }
                var next: Int64 = 50_000
                while store.readNewest(ref(1), from: next - 10_000) == nil {
                    next = try store.append(ref(1), [patternChunk(next, 10_000)])
                    await Task.yield()
                }
                next = try store.append(ref(1), [patternChunk(next, 30_000), patternChunk(next + 30_000, 30_000)])

                let middle = try #require(store.readNewest(ref(1), from: next - 45_000, maxBytes: 20_000))
                #expect(middle.next == next - 30_000)
                #expect(middle.pieces.flatMap(\.bytes) == (next - 45_000..<next - 30_000).map(patternByte))
                #expect(store.readNewest(ref(1), from: 0) == nil, "that is only on disk")
                #expect(store.readNewest(ref(1), from: next) == nil, "that is not there yet")
                _ = try store.append(ref(1), [patternChunk(next - 30_000, 30_000)])
                #expect(store.readNewest(ref(1), from: next - 1)?.next == next, "sent twice, kept once")
                try store.finish(ref(1))
                #expect(store.readNewest(ref(1), from: next - 1) == nil, "nothing is held of what has ended")
            }
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func `a reader that follows beyond the limit gets the end, and is told what it missed`() async throws {
        try await withFolder { folder in
            var settings = OutputSettings()
            settings.tailBytes = 64 * 1024
            let store = try OutputStore(folder: folder, settings: settings)
            store.open(ref(1), limitBytes: 100_000)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    var next: Int64 = 0
                    while true {
                        let page =
                            try store.readNewest(ref(1), from: next, maxBytes: 20_000)
                            ?? store.read(ref(1), from: next, maxBytes: 20_000)
                        for piece in page.pieces {
                            #expect(piece.offset == next + piece.omittedBefore)
                            #expect(piece.bytes == (piece.offset..<piece.end).map(patternByte))
                            next = piece.end
                        }
                        if page.isEnd { break }
                        if page.pieces.isEmpty { await store.waitForMore(ref(1), after: next) }
                    }
                    #expect(next == 6_000_000)
                }
                group.addTask {
                    var next: Int64 = 0
                    while next < 6_000_000 { next = try store.append(ref(1), [patternChunk(next, 30_000)]) }
                    try store.finish(ref(1))
                }
                try await group.waitForAll()
            }
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func `waiting ends when the caller is cancelled, when the attempt ends, and when it is removed`() async throws {
        try await withFolder { folder in
            let store = try OutputStore(folder: folder)
            for attempt in 1...3 as ClosedRange<UInt64> { _ = try store.append(ref(attempt), [patternChunk(0, 1)]) }
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await store.waitForMore(ref(1), after: 1) }
                group.addTask { await store.waitForMore(ref(99), after: 0) }
                await Task.yield()
                group.cancelAll()
            }
            await withTaskGroup(of: Void.self) { group in
                for number in [2, 3, 98] as [UInt64] {
                    for _ in 0..<4 { group.addTask { await store.waitForMore(ref(number), after: 1) } }
                }
                await Task.yield()
                #expect(throws: Never.self) {
                    try store.finish(ref(2))
                    try store.remove(task: TaskID(number: 3))
                    try store.finish(ref(98), inline: InlineOutput())
                }
                // Should one of them have come to wait only now, `remove` has left nothing to wake it by.
                #expect(throws: Never.self) { try store.finish(ref(3)) }
            }
        }
    }
}
