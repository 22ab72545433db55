import Foundation
import Testing

/// Starting, starting again, stopping: from nothing and back to nothing.
@Suite(.serialized, .timeLimit(.minutes(3)))
struct StartStopTests {
    @Test func `one command starts the lab, a second changes nothing, stop leaves nothing`() async throws {
        let grid = try GridFixture()
        do {
            let first = try await grid.noizylab("start", "--lab")
            #expect(first.exitCode == 0, "\(first)")
            #expect(first.took < .seconds(5), "online in \(first.took); the aim is 3 s on an idle machine")
            for name in ["M2-Ultra", "HP-OMEN", "Mac-Pro"] {
                #expect(first.stdout.contains(name), "the node table names \(name)\n\(first)")
            }
            let states = try await grid.nodeStates()
            #expect(states == ["M2-Ultra": "online", "HP-OMEN": "online", "Mac-Pro": "online"], "\(states)")
            let before = Set(ProcessTable.processes(ofHome: grid.home).map(\.pid))

            let second = try await grid.noizylab("start", "--lab")
            #expect(second.exitCode == 0, "\(second)")
            #expect(second.took < .seconds(2), "\(second.took)")
            #expect(Set(ProcessTable.processes(ofHome: grid.home).map(\.pid)) == before, "the same processes run")

            let mode = try FileManager.default.attributesOfItem(atPath: grid.home)[.posixPermissions] as? Int
            #expect(mode == 0o700, "the home is nobody else's")
            try await grid.stopLeavingNothing()
            let again = try await grid.noizylab("stop")
            #expect(again.exitCode == 0, "stopping what is stopped is no fault\n\(again)")
        } catch {
            await grid.remove()
            throw error
        }
        await grid.remove()
    }

    @Test func `a grid that was stopped comes back with its tasks`() async throws {
        try await withGrid { grid in
            let id = try await grid.detached("--key", "kept", "--", "echo", "kept words")
            _ = try await grid.ended(id)
            try await grid.stopLeavingNothing()

            try await grid.start()
            let task = try await grid.task("kept")

            #expect(task["id"].text == id)
            #expect(task["state"].text == "succeeded")
            let logs = try await grid.noizylab("task", "logs", id)
            #expect(logs.stdout == "kept words\n", "\(logs)")
        }
    }

    @Test func `without a grid every command says so and what to do`() async throws {
        let grid = try GridFixture()
        for arguments in [["status"], ["run", "--", "true"], ["task", "list"], ["node", "list"], ["events"]] {
            let result = try await grid.noizylab(arguments)
            #expect(result.exitCode == 4, "\(result)")
            #expect(result.stderr.contains("noizylab start"), "\(result)")
        }
        await grid.remove()
    }

    @Test func `a grid of this machine alone needs no configuration`() async throws {
        // The defaults' ports may be taken on a machine that has a grid, so they are given by environment.
        let grid = try GridFixture()
        let free = try (0..<2).map { _ in
            let (descriptor, port) = try PlainSocket.listen()
            close(descriptor)
            return port
        }
        let ports = [
            "NOIZYLAB_COORDINATOR_LISTEN": "127.0.0.1:\(free[0])", "NOIZYLAB_COORDINATOR_EDGE": "127.0.0.1:\(free[1])",
        ]
        let started = try await grid.noizylab(["start"], environment: ports)
        #expect(started.exitCode == 0, "\(started)\n\(grid.logs())")
        let nodes = try await grid.status()["nodes"].items
        #expect(nodes.count == 1)
        #expect(nodes.first?["state"].text == "online")
        let run = try await grid.noizylab("run", "--", "echo", "alone")
        #expect(run.stdout == "alone\n", "\(run)")
        try await grid.stopLeavingNothing()
        await grid.remove()
    }
}
