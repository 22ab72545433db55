import Foundation
import TestSupport
import Testing

/// Nodes that die, freeze or are taken away under load, on real processes: how soon it is noticed, and that every task
/// ends elsewhere.
@Suite(.serialized, .timeLimit(.minutes(4)))
struct NodeLossTests {
    /// Submits tasks that run until they are let go, and returns their ids when all of them run.
    private func load(_ grid: GridFixture, count: Int) async throws -> [String] {
        var ids: [String] = []
        for number in 0..<count {
            ids.append(
                try await grid.detached(
                    "--", "sh", "-c",
                    "while ! [ -e \(grid.scratch)/go ]; do sleep 0.1; done; echo \(number) on $NOIZYLAB_NODE"))
        }
        try await eventually("all of them run") {
            for id in ids where try await grid.task(id)["state"].text != "running" { return false }
            return true
        }
        return ids
    }

    private func letGo(_ grid: GridFixture) {
        _ = FileManager.default.createFile(atPath: "\(grid.scratch)/go", contents: nil)
    }

    private func busiest(_ grid: GridFixture, _ ids: [String]) async throws -> (name: String, ids: [String]) {
        var tasks: [String: [String]] = [:]
        for id in ids { tasks[try #require(try await grid.task(id)["node"].text), default: []].append(id) }
        let most = try #require(tasks.max { ($0.value.count, $0.key) < ($1.value.count, $1.key) })
        return (most.key, most.value)
    }

    /// Milliseconds from `moment` to the first event of that kind about the node.
    private func event(
        _ kind: String, of node: String, after moment: Date, _ grid: GridFixture
    ) async throws -> Int? {
        let events = try await grid.noizylab("events", "--from", "1", "-o", "ndjson").jsonLines()
        for event in events where event["kind"].text == kind && event["node"].text == node {
            guard let text = event["at"].text, let at = Self.date(text), at >= moment else { continue }
            return Int(at.timeIntervalSince(moment) * 1_000)
        }
        return nil
    }

    private static func date(_ text: String) -> Date? {
        let formatter = ISO8601DateFormatter()
        formatter.formatOptions = [.withInternetDateTime, .withFractionalSeconds]
        return formatter.date(from: text)
    }

    @Test func `when the busiest of three agents is killed under load, every task finishes elsewhere`() async throws {
        try await withGrid { grid in
            let ids = try await load(grid, count: 12)
            let (node, moved) = try await busiest(grid, ids)
            let agent = try grid.pid(of: "agent", named: node)
            let killedAt = Date()
            kill(agent, SIGKILL)

            var lostAfter: Int?
            try await eventually("its death is noticed") {
                if let took = try await event("node_offline", of: node, after: killedAt, grid) { lostAfter = took }
                let isBack = try await event("node_online", of: node, after: killedAt, grid) != nil
                return lostAfter != nil || isBack
            }
            if let lostAfter { #expect(lostAfter <= 1_000, "lost after \(lostAfter) ms") }
            try await eventually("what ran there runs elsewhere, or again") {
                for id in moved where try await grid.task(id)["attempts"].int != 2 { return false }
                return true
            }
            letGo(grid)
            for (number, id) in ids.enumerated() {
                let task = try await grid.ended(id)
                #expect(task["state"].text == "succeeded", "\(task)")
                let place = try #require(task["node"].text)
                #expect(task["stdout"].text == "\(number) on \(place)\n")
                #expect(task["attempts"].int == (moved.contains(id) ? 2 : 1), "\(task)")
            }
        }
    }

    @Test func `a frozen agent is suspect, then lost, and its tasks run elsewhere within seconds`() async throws {
        try await withGrid { grid in
            let ids = try await load(grid, count: 6)
            let (node, moved) = try await busiest(grid, ids)
            let agent = try grid.pid(of: "agent", named: node)
            let frozenAt = Date()
            kill(agent, SIGSTOP)
            defer { kill(agent, SIGCONT) }

            try await eventually("it is lost", within: .seconds(10)) {
                try await event("node_offline", of: node, after: frozenAt, grid) != nil
            }
            let suspect = try #require(try await event("node_suspect", of: node, after: frozenAt, grid))
            let lost = try #require(try await event("node_offline", of: node, after: frozenAt, grid))
            // On a machine that is busy with other tests; the bench measures.
            #expect(suspect <= 2_500 && lost <= 4_000 && suspect < lost, "suspect \(suspect) ms, lost \(lost) ms")
            try await eventually("its tasks run elsewhere", within: .seconds(10)) {
                for id in moved {
                    let task = try await grid.task(id)
                    guard task["state"].text == "running", task["node"].text != node else { return false }
                }
                return true
            }
            kill(agent, SIGCONT)
            letGo(grid)
            for id in ids { #expect(try await grid.ended(id)["state"].text == "succeeded") }
            try await grid.online([node])
        }
    }

    @Test func `a coordinator that stood still for half a minute loses no node`() async throws {
        try await withGrid { grid in
            let id = try await grid.detached("--", "sh", "-c", "sleep 40; echo undisturbed")
            try await eventually("it runs") { try await grid.task(id)["state"].text == "running" }
            let coordinator = try grid.pid(of: "coordinator")
            kill(coordinator, SIGSTOP)
            try await Task.sleep(for: .seconds(30))
            kill(coordinator, SIGCONT)
            try await grid.online()

            let task = try await grid.ended(id, within: .seconds(60))
            #expect(task["stdout"].text == "undisturbed\n", "\(task)")
            #expect(task["attempts"].int == 1)
            let events = try await grid.noizylab("events", "--from", "1", "-o", "ndjson").jsonLines()
            #expect(!events.contains { $0["kind"].text == "node_offline" }, "nobody was lost")
        }
    }

    @Test func `a drain with a deadline moves what still runs`() async throws {
        try await withGrid { grid in
            let id = try await grid.detached(
                "--", "sh", "-c", "echo begun; while ! [ -e \(grid.scratch)/go ]; do sleep 0.1; done; echo over")
            try await eventually("it runs") { try await grid.task(id)["state"].text == "running" }
            let node = try #require(try await grid.task(id)["node"].text)

            let drain = try await grid.noizylab("node", "drain", node, "--deadline", "1s", "--wait")

            #expect(drain.exitCode == 0, "\(drain)")
            try await eventually("it runs elsewhere") {
                let task = try await grid.task(id)
                return task["state"].text == "running" && task["node"].text != node
            }
            letGo(grid)
            let task = try await grid.ended(id)
            #expect(task["state"].text == "succeeded" && task["attempts"].int == 2, "\(task)")
            #expect(task["stdout"].text == "begun\nover\n")
        }
    }

    @Test func `a task that brings down its agents is not tried on a fourth`() async throws {
        try await withGrid { grid in
            let id = try await grid.detached("--", "sh", "-c", "sleep 0.3; kill -9 $PPID; sleep 60")

            let task = try await grid.ended(id, within: .seconds(90))

            #expect(task["state"].text == "lost", "\(task)")
            #expect((task["attempts"].int ?? 99) <= 11, "\(task)")
            #expect((task["error"].text ?? "").contains("nodes were lost while they ran it"), "\(task)")
            try await grid.online()
        }
    }
}
