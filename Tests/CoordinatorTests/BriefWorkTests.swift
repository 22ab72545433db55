import Coordinator
import GridLogic
import GridModel
import Testing

/// Ephemeral tasks are decided on the thread that brings them, when the loop's sleeps.
@Suite(.timeLimit(.minutes(1)))
struct BriefWorkTests {
    @Test func `an ephemeral task is settled, and its node told to forget it, before the call returns`() async throws {
        try await withTemporaryFolder { folder in
            try await LoopWorld.run(in: folder) { world in
                var isDone = false
                // On a busy machine the loop's thread may be awake in just this moment, or the node seem silent.
                for number in 1...1_000 as ClosedRange<UInt64> where !isDone {
                    let session = world.connect(instance: number)
                    while !world.loop.mailbox.isConsumerAsleep { await Task.yield() }
                    _ = session.outbox.takeNow()
                    let news = try world.submit([.echo(number, .echo("x", .ephemeral))])
                    guard case .order(.start(let start))? = session.outbox.takeNow()?.first else { continue }
                    _ = world.loop.push(
                        .link(
                            .reports(
                                session.node, session.id,
                                [.finished(start.ref, AttemptOutcome(end: .succeeded, exitCode: 0))]),
                            at: SystemClock.monotonic()))
                    guard let told = news.items.takeNow(), told.count == 2 else { continue }
                    #expect(told[0].acceptedTask?.id == start.ref.task)
                    guard case .settled(_, let task, _) = told[1] else { continue }
                    #expect(task.state == .succeeded)
                    guard case .order(.forget(start.ref))? = session.outbox.takeNow()?.first else { continue }
                    isDone = true
                }
                #expect(isDone)
            }
        }
    }

    @Test func `what many threads bring at once is all done, ephemeral and durable`() async throws {
        try await withTemporaryFolder { folder in
            try await LoopWorld.run(in: folder) { world in
                let session = world.connect()
                await withTaskGroup(of: Int.self) { group in
                    group.addTask {
                        var finished = 0
                        while finished < 2_000, let items = await session.outbox.take() {
                            for case .order(.start(let start)) in items {
                                finished += 1
                                let report = AttemptReport.finished(
                                    start.ref, AttemptOutcome(end: .succeeded, exitCode: 0))
                                _ = world.loop.push(
                                    .link(.reports(session.node, session.id, [report]), at: SystemClock.monotonic()))
                            }
                        }
                        return 0
                    }
                    for caller in 0..<8 {
                        group.addTask {
                            let news = News()
                            var settled = 0
                            for number in 0..<250 as Range<UInt64> {
                                let spec = TaskSpec.echo("x", caller % 2 == 0 ? .ephemeral : .durable)
                                guard world.loop.submit([.echo(number, spec)], to: news) == nil else { continue }
                                for case .settled in await news.next(2) { settled += 1 }
                            }
                            return settled
                        }
                    }
                    var settled = 0
                    for await count in group { settled += count }
                    #expect(settled == 2_000)
                }
            }
        }
    }
}
