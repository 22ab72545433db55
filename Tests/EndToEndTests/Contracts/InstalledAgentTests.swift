import Foundation
import TestSupport
import Testing

@testable import noizylab

/// An agent that `noizylab start` puts on another machine, over a real `sshd`.
@Suite(.serialized, .enabled(if: LoopbackSSH.program != nil, "sshd is not installed"), .timeLimit(.minutes(5)))
struct InstalledAgentTests {
    @Test func `start puts an agent on a machine, and --uninstall takes every trace of it away`() async throws {
        let ssh = try LoopbackSSH()
        defer { ssh.remove() }
        let cluster = "T\(UUID().uuidString.prefix(8))"
        // Fixed, so that the agent finds the grid again.
        let ports = FreePorts.find(2)
        let text = GridStanzas.grid(
            """
            [[node]]
            name = "there"
            role = "secondary"
            link = "agent"
            address = "127.0.0.1"
            ssh = { port = \(ssh.port), key = "\(ssh.key)", known_hosts = "\(ssh.knownHosts)" }
            """,
            """
            [[node]]
            name = "nowhere"
            link = "agent"
            address = "127.0.0.1"
            ssh = { port = 1 }
            """, listen: ports[0], edge: ports[1])
        let config = "\(ssh.folder)/noizylab.toml"
        try "cluster = \"\(cluster)\"\n\(text)".write(toFile: config, atomically: true, encoding: .utf8)
        let grid = try GridFixture()
        do {
            let start = try await grid.succeeding("start", "--config", config)
            #expect(start.stdout.contains("there: copied "))
            #expect(start.stdout.contains(", joined with a single-use token, started by "))
            #expect(start.stdout.contains("nowhere cannot be reached: nothing listens for SSH at 127.0.0.1 port 1"))
            #expect(try await grid.nodeStates()["there"] == "online")
            let folder = try #require(Self.folders(cluster).first)

            let run = try await grid.succeeding("run", "--on", "there", "--", "sh", "-c", "echo $NOIZYLAB_NODE")
            #expect(run.stdout == "there\n")
            #expect(try await grid.succeeding("start", "--config", config).stdout.contains("runs already"))

            // Its agent's whole home is that folder, and the agent outlives the grid.
            try await grid.succeeding("stop")
            let again = try await grid.succeeding("start", "--config", config)
            #expect(!again.stdout.contains("there: copied"))
            #expect(try await grid.nodeStates()["there"] == "online")

            let removal = try await grid.succeeding("start", "--uninstall", "there")
            #expect(removal.stdout.contains("removed from there: \(folder)"))
            #expect(removal.stdout.contains("there left the grid, and its certificate is revoked"))
            #expect(Self.folders(cluster).isEmpty)
            #expect(try await grid.nodeStates()["there"] == nil)
            try await eventually("nothing of it runs") { ProcessTable.processes(ofHome: folder).isEmpty }
            try await grid.stopLeavingNothing()
        } catch {
            print("the grid's logs, because the test failed:\n\(grid.logs())")
            for folder in Self.folders(cluster) { Self.clean(folder) }
            await grid.remove()
            throw error
        }
        await grid.remove()
    }

    private static func folders(_ cluster: String) -> [String] {
        let parent = NSHomeDirectory() + "/.noizylab-agents"
        let names = (try? FileManager.default.contentsOfDirectory(atPath: parent)) ?? []
        return names.filter { $0.hasPrefix(cluster + "-") }.map { "\(parent)/\($0)" }
    }

    private static func clean(_ folder: String) {
        for entry in ProcessTable.processes(ofHome: folder) { kill(entry.pid, SIGKILL) }
        try? FileManager.default.removeItem(atPath: folder)
    }
}
