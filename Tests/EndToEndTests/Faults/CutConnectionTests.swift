import Foundation
import TestSupport
import Testing

/// A connection between a node and its coordinator that is cut, frozen and healed.
@Suite(.serialized, .timeLimit(.minutes(3)))
struct CutConnectionTests {
    /// A lab with a fourth node whose only way to the coordinator leads through a proxy.
    private func withProxiedNode(
        _ body: (_ grid: GridFixture, _ proxy: CuttableProxy) async throws -> Void
    ) async throws {
        try await withGrid { grid in
            let edge = try await grid.edgeAddress()
            let token = try await grid.noizylab("token", "create", "-o", "json").json()["token"].text ?? ""
            let proxy = try CuttableProxy(to: try await grid.listenAddress().port)
            defer { proxy.end() }
            let machine = try GridFixture()
            do {
                let joined = try await machine.noizylab(
                    "join", "\(edge.host):\(edge.port)", "--token", token, "--name", "Remote")
                guard joined.exitCode == 0 else { throw TestFailure("not joined\n\(joined)\n\(machine.logs())") }
                try await machine.stopLeavingNothing()
                try Self.lead(machine, to: proxy.port)
                try await machine.start([])
                try await grid.online(["Remote"])
                try await eventually("the node's connection leads through the proxy") { proxy.connectionCount > 0 }
                try await body(grid, proxy)
                proxy.heal()
                try await machine.stopLeavingNothing()
            } catch {
                print(machine.logs())
                await machine.remove()
                throw error
            }
            await machine.remove()
        }
    }

    /// Changes where the machine dials, as a person with an editor could.
    private static func lead(_ machine: GridFixture, to port: Int) throws {
        let path = "\(machine.home)/joined.json"
        let known = try JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: path)))
        guard var joined = known as? [String: Any] else { throw TestFailure("\(path) is not an object") }
        joined["host"] = "127.0.0.1"
        joined["port"] = port
        try JSONSerialization.data(withJSONObject: joined).write(to: URL(fileURLWithPath: path))
    }

    @Test func `output has no gap and no repeat over cuts, and the task runs once`() async throws {
        var random = SeededChance.announced(for: "cut connection")
        try await withProxiedNode { grid, proxy in
            let ran = "\(grid.scratch)/cut"
            let run = try grid.launch([
                "run", "--on", "Remote", "--on-lost", "wait", "--", "sh", "-c",
                "echo x >> \(ran); for i in $(seq 1200); do echo line $i; sleep 0.005; done",
            ])
            for _ in 0..<5 {
                let seen = run.lineTimes.count
                try await eventually("it goes on", within: .seconds(30)) {
                    run.lineTimes.count > seen + 60 || !run.isRunning
                }
                proxy.cut()
                try await Task.sleep(for: .milliseconds(Int.random(in: 50...900, using: &random)))
                proxy.heal()
            }
            let result = try await run.finished(within: .seconds(60))
            #expect(result.exitCode == 0, "\(result)")
            #expect(result.lines == (1...1200).map { "line \($0)" })
            #expect(try String(contentsOfFile: ran, encoding: .utf8) == "x\n", "it ran once")
        }
    }

    @Test func `a frozen connection makes the node suspect, then healed it is back with its task`() async throws {
        try await withProxiedNode { grid, proxy in
            let ran = "\(grid.scratch)/frozen"
            let id = try await grid.detached(
                "--on", "Remote", "--on-lost", "wait", "--", "sh", "-c", "echo x >> \(ran); sleep 6; echo thawed")
            try await eventually("it runs") { FileManager.default.fileExists(atPath: ran) }
            proxy.freeze()
            try await eventually("its silence is noticed") {
                ["suspect", "offline"].contains(try await grid.nodeStates()["Remote"] ?? "")
            }
            proxy.heal()
            try await grid.online(["Remote"])
            let task = try await grid.ended(id)
            #expect(task["state"].text == "succeeded", "\(task)")
            #expect(task["stdout"].text == "thawed\n")
            #expect(task["attempts"].int == 1)
        }
    }

    @Test func `a cut that lasts moves a task elsewhere, and the old attempt is ended`() async throws {
        try await withProxiedNode { grid, proxy in
            let mark = "cutoff-\(UInt32.random(in: 0...UInt32.max))"
            for node in ["M2-Ultra", "HP-OMEN", "Mac-Pro"] { try await grid.succeeding("node", "drain", node) }
            let id = try await grid.detached(
                "--", "bash", "-c",
                "if [ $NOIZYLAB_NODE = Remote ]; then exec -a \(mark) sleep 300; fi; echo on $NOIZYLAB_NODE")
            func olds() -> [ProcessTable.Entry] { ProcessTable.all().filter { $0.arguments.first == mark } }
            try await eventually("it runs on the remote node") { !olds().isEmpty }
            for node in ["M2-Ultra", "HP-OMEN", "Mac-Pro"] { try await grid.succeeding("node", "undrain", node) }
            proxy.cut()
            let task = try await grid.ended(id)
            #expect(task["state"].text == "succeeded", "\(task)")
            #expect(task["node"].text != "Remote")
            proxy.heal()
            try await grid.online(["Remote"])
            try await eventually("the old attempt is told to stop") { olds().isEmpty }
        }
    }
}
