import Foundation
import TestSupport
import Testing

/// One fault at a time, on real processes: each with what must be true afterwards.
@Suite(.serialized, .timeLimit(.minutes(3)))
struct ProcessFaultTests {
    @Test func `a killed supervisor's children are adopted by the next start`() async throws {
        try await withGrid { grid in
            let id = try await grid.detached("--", "sh", "-c", "sleep 2; echo undisturbed")
            let parts = ["coordinator", "agent"].map { part in
                Set(ProcessTable.part(part, ofHome: grid.home).map(\.pid))
            }
            let supervisor = try grid.pid(of: "supervise")
            kill(supervisor, SIGKILL)
            try await eventually("the supervisor is gone") {
                ProcessTable.entry(supervisor).map { $0.state == "Z" } ?? true
            }
            let alive = try await grid.noizylab("run", "--", "echo", "alive")
            #expect(alive.stdout == "alive\n", "the grid does its work without its supervisor\n\(alive)")

            let start = try await grid.noizylab("start", "--lab")
            #expect(start.exitCode == 0, "\(start)")
            let after = ["coordinator", "agent"].map { part in
                Set(ProcessTable.part(part, ofHome: grid.home).map(\.pid))
            }
            #expect(after == parts, "the same processes run")
            let task = try await grid.ended(id)
            #expect(task["stdout"].text == "undisturbed\n")
            #expect(task["attempts"].int == 1)

            // Adopted means looked after: a killed one comes back.
            kill(try grid.pid(of: "coordinator"), SIGKILL)
            try await eventually("the coordinator is started again", within: .seconds(20)) {
                try await grid.noizylab("run", "--", "true").exitCode == 0
            }
        }
    }

    @Test func `a killed coordinator comes back and the running task never noticed`() async throws {
        try await withGrid { grid in
            let ran = "\(grid.scratch)/ran"
            let watch = try grid.launch([
                "run", "--", "sh", "-c", "echo x >> \(ran); for i in $(seq 40); do echo line $i; sleep 0.1; done",
            ])
            try await eventually("it prints") { watch.stdout.contains("line 3") }
            let killed = try grid.pid(of: "coordinator")
            kill(killed, SIGKILL)
            let result = try await watch.finished(within: .seconds(60))

            #expect(result.exitCode == 0, "\(result)\n\(grid.logs())")
            #expect(result.lines == (1...40).map { "line \($0)" }, "no gap, no repeat")
            #expect(try String(contentsOfFile: ran, encoding: .utf8) == "x\n", "it ran once")
            #expect(try grid.pid(of: "coordinator") != killed)
        }
    }

    @Test func `a killed agent leaves no orphan, and its task is tried again`() async throws {
        try await withGrid { grid in
            let mark = "orphan-\(UInt32.random(in: 0...UInt32.max))"
            let first = "\(grid.scratch)/first"
            let id = try await grid.detached(
                "--", "bash", "-c", "if mkdir \(first); then exec -a \(mark) sleep 300; fi; echo second time")
            func orphans() -> [ProcessTable.Entry] { ProcessTable.all().filter { $0.arguments.first == mark } }
            try await eventually("it runs") { !orphans().isEmpty }
            let node = try #require(try await grid.task(id)["node"].text)
            kill(try grid.pid(of: "agent", named: node), SIGKILL)

            let task = try await grid.ended(id)
            #expect(task["state"].text == "succeeded", "\(task)")
            #expect(task["stdout"].text == "second time\n")
            #expect(task["attempts"].int == 2)
            try await eventually("the orphan is ended by the agent's successor") { orphans().isEmpty }
            try await grid.online()
        }
    }

    @Test func `a result that the coordinator has not heard outlives the agent's own death`() async throws {
        try await withGrid { grid in
            let ran = "\(grid.scratch)/spooled"
            let id = try await grid.detached(
                "--on", "Mac-Pro", "--", "sh", "-c", "echo x >> \(ran); sleep 1; echo result; echo done >> \(ran)")
            try await eventually("it runs") { FileManager.default.fileExists(atPath: ran) }
            let coordinator = try grid.pid(of: "coordinator")
            kill(coordinator, SIGSTOP)
            try await eventually("it ends meanwhile") {
                try String(contentsOfFile: ran, encoding: .utf8) == "x\ndone\n"
            }
            // The agent has to see the end and write it down, with what was printed.
            let agent = try grid.pid(of: "agent", named: "Mac-Pro")
            let spool = "\(grid.home)/nodes/Mac-Pro/spool/results"
            try await eventually("the result is in the spool") {
                FileManager.default.contents(atPath: spool)?.range(of: Data("result\n".utf8)) != nil
            }
            kill(agent, SIGKILL)
            kill(coordinator, SIGCONT)

            let task = try await grid.ended(id)
            #expect(task["state"].text == "succeeded", "\(task)")
            #expect(task["stdout"].text == "result\n")
            #expect(task["attempts"].int == 1, "the spooled result was told, so nothing ran again")
            #expect(try String(contentsOfFile: ran, encoding: .utf8) == "x\ndone\n")
        }
    }

    @Test func `a killed task process is a failure that says so, or is tried again`() async throws {
        try await withGrid { grid in
            let mark = "victim-\(UInt32.random(in: 0...UInt32.max))"
            let id = try await grid.detached("--", "bash", "-c", "exec -a \(mark) sleep 300")
            let victim = try await eventuallySome("it runs") { ProcessTable.all().first { $0.arguments.first == mark } }
            kill(victim.pid, SIGKILL)
            let task = try await grid.ended(id)
            #expect(task["state"].text == "failed")
            #expect(task["signal"].int == 9, "\(task)")
        }
    }

    @Test func `a stuck agent's work goes elsewhere, and what it does late changes nothing`() async throws {
        try await withGrid { grid in
            let ran = "\(grid.scratch)/stuck"
            let id = try await grid.detached(
                "--", "sh", "-c", "echo $NOIZYLAB_NODE >> \(ran); sleep 2; echo from $NOIZYLAB_NODE")
            try await eventually("it runs") { FileManager.default.fileExists(atPath: ran) }
            let node = try #require(try await grid.task(id)["node"].text)
            let agent = try grid.pid(of: "agent", named: node)
            kill(agent, SIGSTOP)

            try await eventually("the node is suspect") {
                ["suspect", "offline"].contains(try await grid.nodeStates()[node] ?? "")
            }
            let task = try await grid.ended(id)
            #expect(task["state"].text == "succeeded", "\(task)")
            #expect(task["attempts"].int == 2)
            let second = try #require(task["node"].text)
            #expect(second != node)
            #expect(task["stdout"].text == "from \(second)\n")

            kill(agent, SIGCONT)
            try await grid.online([node])
            let later = try await grid.task(id)
            #expect(later["stdout"].text == "from \(second)\n", "an end never changes")
            #expect(later["node"].text == second)
            let again = try await grid.noizylab("run", "--on", node, "--", "echo", "useful again")
            #expect(again.stdout == "useful again\n", "\(again)")
        }
    }

    @Test func `a coordinator that was stopped for a while blames itself and not its nodes`() async throws {
        try await withGrid { grid in
            let ran = "\(grid.scratch)/paused"
            let id = try await grid.detached(
                "--", "sh", "-c", "echo x >> \(ran); for i in $(seq 100); do echo $i; sleep 0.1; done")
            try await eventually("it runs") { FileManager.default.fileExists(atPath: ran) }
            let coordinator = try grid.pid(of: "coordinator")
            kill(coordinator, SIGSTOP)
            // Longer than the silence after which a node counts as offline.
            let until = ContinuousClock.now + .seconds(7)
            try await eventually("seven seconds pass", within: .seconds(10)) { ContinuousClock.now > until }
            kill(coordinator, SIGCONT)

            let task = try await grid.ended(id)
            #expect(task["state"].text == "succeeded", "\(task)")
            #expect(task["attempts"].int == 1, "its node was never lost")
            #expect(task["stdout"].text == (1...100).map { "\($0)\n" }.joined())
            #expect(try String(contentsOfFile: ran, encoding: .utf8) == "x\n")
            try await grid.online()
        }
    }
}
