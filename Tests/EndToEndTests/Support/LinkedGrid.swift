import Foundation
import TestSupport
import Testing

/// Gives a suite one grid with a node behind every kind of link: `here` on the coordinator's machine, `agent` that
/// joined, `ssh` over a real `sshd`.
struct LinkedGrid: SuiteTrait, TestScoping {
    static let nodes = ["here", "agent", "ssh"]

    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        let ssh = try LoopbackSSH()
        defer { ssh.remove() }
        let (grid, machine) = (try GridFixture(), try GridFixture())
        do {
            try grid.configure(GridStanzas.grid(ssh.node("ssh")))
            try await grid.start(["--config", grid.configFile])
            let token = try await grid.succeeding("token", "create", "--name", "agent", "-o", "json").json()["token"]
            let edge = try await grid.edgeAddress()
            try await machine.succeeding(
                "join", "\(edge.host):\(edge.port)", "--token", token.text ?? "", "--name", "agent")
            try await grid.online(Self.nodes)
            try await GridFixture.$shared.withValue(grid) { try await function() }
            try await machine.stopLeavingNothing()
            try await grid.stopLeavingNothing()
        } catch {
            print("the grid's logs, because a test failed:\n\(grid.logs())\n\(machine.logs())")
            await machine.remove()
            await grid.remove()
            throw error
        }
        await machine.remove()
        await grid.remove()
    }
}

extension Trait where Self == LinkedGrid {
    /// A node behind every kind of link, shared by the suite's tests through `GridFixture.current`.
    static var linked: LinkedGrid { LinkedGrid() }
}
