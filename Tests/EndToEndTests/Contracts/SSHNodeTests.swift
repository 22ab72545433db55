import Foundation
import TestSupport
import Testing

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// A node on which no agent runs, over a real `sshd`.
@Suite(.serialized, .enabled(if: LoopbackSSH.program != nil, "sshd is not installed"), .timeLimit(.minutes(5)))
struct SSHNodeTests {
    @Test func `it works as any node does, is lost with its machine, and comes back`() async throws {
        let ssh = try LoopbackSSH()
        defer { ssh.remove() }
        let config = GridStanzas.grid(ssh.node("there"), GridStanzas.node("nowhere", "ssh", port: 1))
        try await withGrid(config: config, isStarted: false) { grid in
            let start = try await grid.succeeding("start", "--config", grid.configFile)
            #expect(start.stdout.contains("nowhere cannot be reached: nothing listens for SSH at 127.0.0.1 port 1"))
            #expect(try await grid.nodeStates()["there"] == "online")

            try await runsWork(grid)
            try await isLostAndComesBack(grid, ssh)
        }
    }

    @Test func `with two roads the next task goes by the other one as soon as the first is closed`() async throws {
        let (cable, radio) = (try LoopbackSSH(), try LoopbackSSH())
        defer {
            cable.remove()
            radio.remove()
        }
        let road = "[[node.road]]\nport = \(radio.port)\nkey = \"\(radio.key)\"\nknown_hosts = \"\(radio.knownHosts)\""
        try await withGrid(config: GridStanzas.grid(cable.node("there"), road)) { grid in
            try await eventually("both roads are open") { try await roads(grid).map(\.condition) == ["open", "open"] }
            try await eventually("the preferred one is in use") {
                try await roads(grid).map(\.isInUse) == [true, false]
            }

            let begin = ContinuousClock.now
            cable.cutPower()
            try await eventually("the other road is in use") { try await roads(grid).map(\.isInUse) == [false, true] }
            let run = try await grid.succeeding("run", "--on", "there", "--", "echo", "hi")
            let took = ContinuousClock.now - begin
            print("by the other road \(took) after the first was cut")

            #expect(run.stdout == "hi\n")
            #expect(try await grid.nodeStates()["there"] == "online")
            let events = try await grid.succeeding("events")
            let names = ["ssh 127.0.0.1 port \(radio.port)", "ssh 127.0.0.1 port \(cable.port)"]
            #expect(events.stdout.contains("node there is reached by \(names[0]) instead of \(names[1])"))
            let details = try await grid.succeeding("node", "show", "there")
            #expect(details.stdout.contains("\(names[0]), open, in use"))
            #expect(
                details.stdout.contains("\(names[1]), closed: ") || details.stdout.contains("\(names[1]), opening: "))
        }
    }

    private func roads(_ grid: GridFixture) async throws -> [(condition: String, isInUse: Bool)] {
        let node = try await grid.succeeding("node", "show", "there", "-o", "json").json()
        return node["roads"].items.map { ($0["condition"].text ?? "", $0["in_use"].bool ?? false) }
    }

    private func runsWork(_ grid: GridFixture) async throws {
        let run = try await grid.noizylab(
            "run", "--on", "there", "--", "sh", "-c", "echo $NOIZYLAB_NODE; echo e >&2; exit 3")
        #expect(run.stdout == "there\n")
        #expect(run.stderr.contains("e\n"))
        #expect(run.exitCode == 3)

        let all = try await grid.succeeding("exec", "here,there", "--", "echo", "hi")
        #expect(all.stdout.contains("there"))

        let task = try await grid.detached("--on", "there", "--", "sleep", "1000")
        try await eventually("it runs") { try await grid.task(task)["state"].text == "running" }
        try await grid.succeeding("task", "cancel", task)
        #expect(try await grid.ended(task)["state"].text == "cancelled")
    }

    private func isLostAndComesBack(_ grid: GridFixture, _ ssh: LoopbackSSH) async throws {
        let task = try await grid.detached(
            "--where", "name == \"there\" || name == \"here\"", "--", "sh", "-c",
            "test $NOIZYLAB_NODE = here || sleep 1000")
        let pinned = try await grid.detached("--on", "there", "--on-lost", "fail", "--", "sleep", "1000")
        try await eventually("it runs there") { try await grid.task(pinned)["state"].text == "running" }

        ssh.cutPower()

        #expect(try await grid.ended(pinned)["state"].text == "lost")
        #expect(try await grid.ended(task)["state"].text == "succeeded")
        try await eventually("its machine is offline") { try await grid.nodeStates()["there"] == "offline" }
        try ssh.start()
        try await eventually("it is back", within: .seconds(30)) { try await grid.nodeStates()["there"] == "online" }
        let run = try await grid.succeeding("run", "--on", "there", "--", "echo", "back")
        #expect(run.stdout == "back\n")
    }
}
