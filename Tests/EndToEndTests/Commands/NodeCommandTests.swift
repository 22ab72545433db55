import Foundation
import TestSupport
import Testing

/// `noizylab node …`: keeping work away from a node and letting it back.
@Suite(.lab, .serialized, .timeLimit(.minutes(2)))
struct NodeCommandTests {
    @Test func `a draining node finishes what it has and gets nothing new until undrained`() async throws {
        let grid = try GridFixture.current
        let held = try await grid.detached("--on", "HP-OMEN", "--", "sh", "-c", "sleep 2; echo finished")
        try await eventually("it runs") { try await grid.task(held)["state"].text == "running" }
        try await grid.succeeding("node", "drain", "HP-OMEN")

        var nodes: Set<String> = []
        for _ in 0..<8 {
            nodes.insert(try await grid.noizylab("run", "-o", "json", "--", "true").json()["node"].text ?? "none")
        }
        #expect(!nodes.contains("HP-OMEN"), "new work kept away: \(nodes)")
        #expect(try await grid.ended(held)["stdout"].text == "finished\n", "old work was left to finish")
        let waiting = try await grid.detached("--on", "HP-OMEN", "--", "echo", "at last")
        #expect(try await grid.task(waiting)["state"].text == "queued")
        let listed = try await grid.noizylab("node", "list", "-o", "wide")
        #expect(listed.stdout.contains("drain"), "\(listed)")

        try await grid.succeeding("node", "undrain", "HP-OMEN")
        #expect(try await grid.ended(waiting)["stdout"].text == "at last\n")
    }

    @Test func `an unknown node is exit 4`() async throws {
        for command in ["drain", "undrain", "show"] {
            let result = try await GridFixture.current.noizylab("node", command, "Atlantis")
            #expect(result.exitCode == 4, "\(result)")
            #expect(result.stderr.contains("Atlantis"), "\(result)")
        }
    }

    @Test func `top shows every node with its load`() async throws {
        let top = try GridFixture.current.launch(["node", "top"])
        try await eventually("all nodes are shown") {
            ["M2-Ultra", "HP-OMEN", "Mac-Pro"].allSatisfy { top.stdout.contains($0) }
        }
        if top.isRunning { top.signal(SIGINT) }
        let result = try await top.finished(within: .seconds(10))
        #expect([0, 130].contains(result.exitCode), "\(result)")
    }
}
