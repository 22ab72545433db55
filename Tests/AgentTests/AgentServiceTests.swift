import Agent
import Executors
import GridModel
import GridWire
import Testing

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

@Suite(.timeLimit(.minutes(1)))
struct AgentServiceTests {
    @Test func `an agent says who it is and that it lives`() async throws {
        try await withAgent { coordinator, _ in
            // Measured by one heartbeat, told by a later one.
            await coordinator.wait { $0.heartbeats.contains { $0.roundTripMicroseconds > 0 } }

            let hello = try #require(coordinator.seen.hellos.first)
            #expect(hello.role == "compute")
            #expect(hello.inventory.agentVersion == "1.2.3")
            #expect(hello.inventory.cores > 0)
        }
    }

    @Test func `orders of one batch are answered`() async throws {
        try await withAgent { coordinator, _ in
            await coordinator.wait { !$0.heartbeats.isEmpty }
            let orders = (1...2_000).map { Order.start(echo(UInt64($0), "text \($0)")) }

            coordinator.send(orders)
            await coordinator.wait { $0.finished.count == 2_000 }

            #expect(
                await coordinator.outcome(ref(77))?.inlineOutput == InlineOutput(stdout: Array("text 77".utf8)))
            #expect(coordinator.seen.messages < 200)
        }
    }

    @Test func `a program's small output comes with its end`() async throws {
        try await withAgent {
            // Longer than a busy machine takes.
            $0.holdBackMilliseconds = 20_000
        } _: { coordinator, _ in
            await coordinator.wait { !$0.heartbeats.isEmpty }
            coordinator.send([.start(sh(1, "echo out; echo err >&2; exit 4"))])

            let outcome = try #require(await coordinator.outcome(ref(1)))
            #expect(outcome.exitCode == 4)
            #expect(outcome.inlineOutput == InlineOutput(stdout: Array("out\n".utf8), stderr: Array("err\n".utf8)))
            #expect(coordinator.seen.output.isEmpty)
        }
    }

    @Test func `output survives lost connections without gap or repeat`() async throws {
        try await withAgent { coordinator, _ in
            await coordinator.wait { !$0.heartbeats.isEmpty }
            let script = "i=0; while [ $i -lt 200000 ]; do echo line $i; i=$((i+1)); done"
            coordinator.send([.start(sh(1, script))])

            for count in 1...3 {
                await coordinator.wait { $0.output[ref(1)]?.count ?? 0 > count * 300_000 }
                coordinator.hangUp()
                await coordinator.wait { $0.hellos.count == count + 1 }
                #expect(coordinator.seen.hellos.last?.attempts.count == 1)
            }

            #expect(await coordinator.outcome(ref(1))?.end == .succeeded)
            let seen = coordinator.seen
            #expect(seen.gaps == 0)
            let lines = String(decoding: seen.output[ref(1)] ?? [], as: UTF8.self).split(separator: "\n")
            #expect(lines.count == 200_000)
            #expect(lines.last == "line 199999")
        }
    }

    @Test func `output that is not acknowledged stops at the window`() async throws {
        try await withAgent {
            $0.maxUnackedBytes = 1 << 20
        } _: { coordinator, _ in
            await coordinator.wait { !$0.heartbeats.isEmpty }
            coordinator.acknowledge(false)
            coordinator.send([.start(sh(1, "head -c 5000000 /dev/zero"))])
            await coordinator.wait { $0.output[ref(1)]?.count == 1 << 20 }

            coordinator.acknowledge(true)
            coordinator.hangUp()

            #expect(await coordinator.outcome(ref(1))?.end == .succeeded)
            #expect(coordinator.seen.output[ref(1)]?.count == 5_000_000)
            #expect(coordinator.seen.gaps == 0)
        }
    }

    @Test func `a result is told again until it is forgotten`() async throws {
        try await withAgent { coordinator, settings in
            await coordinator.wait { !$0.heartbeats.isEmpty }
            coordinator.send([.start(echo(1, "kept"))])
            await coordinator.wait { $0.reports.count == 1 }
            #expect((Folders.read(settings.folder + "/spool/results")?.count ?? 0) > 0)

            coordinator.hangUp()
            await coordinator.wait { $0.reports.count == 2 }
            coordinator.send([.forget(ref(1))])
            coordinator.send([.start(echo(2, "marker"))])
            await coordinator.wait { $0.finished.contains(ref(2)) }
            coordinator.hangUp()
            await coordinator.wait { $0.hellos.count == 3 }

            #expect(coordinator.seen.hellos.last?.attempts.map(\.task) == [2])
        }
    }

    @Test func `a cancel ends a program`() async throws {
        try await withAgent { coordinator, _ in
            await coordinator.wait { !$0.heartbeats.isEmpty }
            coordinator.send([.start(sh(1, "sleep 1000"))])
            await coordinator.wait { $0.reports == [.started(ref(1))] }

            coordinator.send([.cancel(ref(1), graceMilliseconds: 5_000)])

            #expect(await coordinator.outcome(ref(1))?.end == .cancelled)
        }
    }

    /// `NOIZYLAB_BENCH=1` prints how many echo attempts go through an agent in a second.
    @Test(.enabled(if: getenv("NOIZYLAB_BENCH") != nil)) func `echo attempts per second`() async throws {
        try await withAgent { coordinator, _ in
            await coordinator.wait { !$0.heartbeats.isEmpty }
            let total = 200_000
            let startedAt = SystemClock.monotonic()
            for batch in 0..<(total / 500) {
                coordinator.send((1...500).map { .start(echo(UInt64(batch * 500 + $0), "x", .ephemeral)) })
                let floor = (batch - 3) * 500
                await coordinator.wait { $0.finished.count >= floor }
            }
            await coordinator.wait { $0.finished.count == total }
            let milliseconds = SystemClock.monotonic().milliseconds(since: startedAt)
            print("echo through the agent: \(total * 1_000 / Int(milliseconds))/s, coordinator's side included")
        }
    }
}

private func ref(_ number: UInt64) -> AttemptRef { AttemptRef(task: TaskID(number: number), epoch: 1) }

private func echo(_ number: UInt64, _ text: String, _ durability: Durability = .durable) -> AttemptStart {
    AttemptStart(ref: ref(number), spec: TaskSpec(payload: .echo(text), durability: durability), gpuIndices: [])
}

private func sh(_ number: UInt64, _ script: String) -> AttemptStart {
    AttemptStart(
        ref: ref(number), spec: TaskSpec(payload: .command(Command(invocation: .script(.sh, script)))), gpuIndices: [])
}
