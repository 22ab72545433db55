import Coordinator
import Foundation
import GridLogic
import GridModel
import GridStore
import Testing

@Suite(.timeLimit(.minutes(1)))
struct GridLoopTests {
    @Test(arguments: [Durability.durable, .ephemeral])
    func `a task is accepted, ordered, reported and settled`(durability: Durability) async throws {
        try await withTemporaryFolder { folder in
            try await LoopWorld.run(in: folder) { world in
                let session = world.connect()
                let news = try world.submit(.echo("x", durability))

                let start = try #require(await session.nextStart())
                world.finish(start, on: session)
                let heard = await news.next(2)

                let id = try #require(heard[0].acceptedTask?.id)
                #expect(heard[1].settledTask?.state == .succeeded)
                #expect(try world.store.task(id)?.state == (durability == .durable ? .succeeded : nil))
            }
        }
    }

    @Test func `what is accepted is durable before its caller hears of it`() async throws {
        try await withTemporaryFolder { folder in
            try await LoopWorld.run(in: folder) { world in
                let news = try world.submit((1...200).map { .echo($0, .echo()) })
                for item in await news.next(200) {
                    let id = try #require(item.acceptedTask?.id)
                    #expect(try world.store.task(id) != nil)
                }
            }
        }
    }

    @Test func `a large stream settles each task once`() async throws {
        try await withTemporaryFolder { folder in
            try await LoopWorld.run(in: folder) { world in
                let session = world.connect()
                let news = try world.submit((1...1_000).map { .echo($0, .echo()) })
                var done = 0
                while done < 1_000 {
                    for start in await session.nextStarts(1) {
                        world.finish(start, on: session)
                        done += 1
                    }
                    if done < 1_000, let items = session.outbox.takeNow() {
                        for case .order(.start(let start)) in items {
                            world.finish(start, on: session)
                            done += 1
                        }
                    }
                }
                let heard = await news.next(2_000)
                #expect(Set(heard.compactMap { $0.settledTask?.id }).count == 1_000)
                #expect(heard.count == 2_000)
                #expect(world.store.counts()[.succeeded] == 1_000)
            }
        }
    }

    @Test func `the same key gives the same task, living or finished`() async throws {
        try await withTemporaryFolder { folder in
            try await LoopWorld.run(in: folder) { world in
                let session = world.connect()
                let first = try world.submit(.echo(), key: "once")
                let accepted = try #require(await first.next(1).first)
                #expect(accepted.isNew == true)

                let second = try world.submit(.echo(), key: "once")
                let again = try #require(await second.next(1).first)
                #expect(again.isNew == false)
                #expect(again.acceptedTask?.id == accepted.acceptedTask?.id)

                let start = try #require(await session.nextStart())
                world.finish(start, on: session)
                #expect(await first.next(1).first?.settledTask?.id == accepted.acceptedTask?.id)
                #expect(await second.next(1).first?.settledTask?.id == accepted.acceptedTask?.id)

                let third = try world.submit(.echo(), key: "once")
                let finished = await third.next(2)
                #expect(finished.first?.isNew == false)
                #expect(finished.last?.settledTask?.id == accepted.acceptedTask?.id)
                #expect(finished.last?.settledTask?.state == .succeeded)
            }
        }
    }

    @Test(arguments: [false, true])
    func `the same key with another request is refused`(isFinished: Bool) async throws {
        try await withTemporaryFolder { folder in
            try await LoopWorld.run(in: folder) { world in
                let session = world.connect()
                let first = try world.submit(.echo(), key: "k")
                _ = await first.next(1)
                if isFinished {
                    world.finish(try #require(await session.nextStart()), on: session)
                    _ = await first.next(1)
                }

                let other = try world.submit(.echo("other"), key: "k")
                let refusal = try #require(await other.next(1).first?.refusal)

                #expect(refusal.code == .alreadyExists)
                #expect(refusal.reason == "KEY_TAKEN")
            }
        }
    }

    @Test func `living tasks outlive the coordinator`() async throws {
        try await withTemporaryFolder { folder in
            let id = try await LoopWorld.run(in: folder) { world in
                let news = try world.submit(.echo(), key: "kept")
                return try #require(await news.next(1).first?.acceptedTask?.id)
            }

            try await LoopWorld.run(in: folder) { world in
                let session = world.connect()
                let start = try #require(await session.nextStart())
                #expect(start.ref.task == id)
                let news = try world.submit(.echo(), key: "kept")
                #expect(await news.next(1).first?.isNew == false)
                world.finish(start, on: session)
                #expect(await news.next(1).first?.settledTask?.id == id)

                let other = try world.submit(.echo())
                let newer = try #require(await other.next(1).first?.acceptedTask?.id)
                #expect(newer > id)
            }
        }
    }

    @Test func `a stopping loop commits what it took and lets its waiters go`() async throws {
        try await withTemporaryFolder { folder in
            let news = News()
            try await LoopWorld.run(in: folder) { world in
                #expect(world.loop.submit((1...50).map { .echo($0, .echo()) }, to: news) == nil)
            }
            let heard = await news.next(100)
            #expect(heard.compactMap(\.acceptedTask).count == 50)
            #expect(heard.count { if case .abandoned = $0 { true } else { false } } == 50)
            let store = try SQLiteStore(folder: folder)
            #expect(store.counts()[.queued] == 50)
            try store.close()
        }
    }

    @Test func `a store that is full refuses clearly, loses nothing, and goes on when there is room`() async throws {
        try await withTemporaryFolder { folder in
            var small = StoreSettings()
            small.maximumBytes = 1 << 20
            let accepted = try await LoopWorld.run(in: folder, store: small, loop: Self.impatient) { world in
                // Fills it with tasks until one is refused.
                var accepted: [TaskID] = []
                var refusal: Refusal?
                while refusal == nil {
                    let text = String(repeating: "x", count: 20_000)
                    let news = try world.submit((1...4).map { .echo($0, .echo(text)) })
                    for item in await news.next(4) {
                        if let id = item.acceptedTask?.id { accepted.append(id) }
                        refusal = refusal ?? item.refusal
                    }
                }
                #expect(refusal?.code == .unavailable)
                #expect(refusal?.reason == "STORE_UNAVAILABLE")
                #expect((refusal?.retryAfterMilliseconds ?? 0) > 0)

                // At the door now, without a commit; ephemeral tasks go on.
                let door = try world.submit(.echo())
                #expect(await door.next(1).first?.refusal?.reason == "STORE_UNAVAILABLE")
                let session = world.connect()
                let news = try world.submit(.echo("x", .ephemeral))
                #expect(await news.next(1).first?.acceptedTask != nil)
                _ = session
                return accepted
            }
            #expect(!accepted.isEmpty)

            // Everything acknowledged is there; what was refused without a key is not waiting to run.
            try await LoopWorld.run(in: folder) { world in
                for id in accepted { #expect(try world.store.task(id) != nil) }
                let living = try await world.loop.look { $0.machine.liveTaskCount }
                #expect(living == accepted.count)
            }
        }
    }

    private static func impatient(_ settings: inout LoopSettings) {
        settings.storePatienceMilliseconds = 50
        settings.storeRetryMilliseconds = 5...20
        settings.stopPatienceMilliseconds = 100
    }
}
