import Foundation
import TestSupport
import Testing

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// `noizylab discover` among real hosts: a coordinator that announces itself, an SSH server, a cable.
@Suite(.serialized, .timeLimit(.minutes(3)))
struct DiscoveryTests {
    @Test func `an address of this machine is looked at, and what must not be searched is refused`() async throws {
        let grid = try GridFixture()
        let found = try await grid.noizylab("discover", "127.0.0.0/30", "-o", "json")
        #expect(found.exitCode == 0, "\(found)")
        #expect(try found.json().items.allSatisfy { $0["this_machine"].bool != nil }, "\(found)")

        for (network, word) in [("10.0.0.0/8", "addresses"), ("8.8.8.0/24", "private"), ("lan", "no network")] {
            let refused = try await grid.noizylab("discover", network)
            #expect(refused.exitCode == 2, "\(refused)")
            #expect(refused.stderr.contains(word), "\(refused)")
        }
        await grid.remove()
    }

    @Test(
        .enabled(
            if: TwoHosts.isPossible && LoopbackSSH.program != nil, "needs network namespaces (root, Linux) and sshd"))
    func `a coordinator and an SSH server on the next host are found, known for what they are, and taken in`()
        async throws
    {
        let hosts = try await TwoHosts()
        let grid = try GridFixture()
        let config = "\(grid.scratch)/noizylab.toml"
        do {
            try await startServer(hosts, grid)
            try "cluster = \"STUDIO\"\n\n[[node]]\nname = \"M2-Ultra\"\nlink = \"local\"\n".write(
                toFile: config, atomically: true, encoding: .utf8)
            let start = try await hosts.on(
                "a", grid.binary, ["start", "--config", config], environment: grid.environment, folder: grid.scratch)
            #expect(start.exitCode == 0, "\(start)\n\(grid.logs())")

            try await isFound(hosts, grid)
            try await isTakenIn(hosts, grid)

            let stop = try await hosts.on(
                "a", grid.binary, ["stop"], environment: grid.environment, folder: grid.scratch)
            #expect(stop.exitCode == 0, "\(stop)")
        } catch {
            print("the grid's logs, because the test failed:\n\(grid.logs())")
            stopServer(grid)
            await grid.remove()
            await hosts.remove()
            throw error
        }
        stopServer(grid)
        await grid.remove()
        await hosts.remove()
    }

    /// As a system starts it: it leaves this program alone, and its number behind.
    private func startServer(_ hosts: TwoHosts, _ grid: GridFixture) async throws {
        let key = try await RunningProgram(
            "/usr/bin/env", ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "\(grid.scratch)/host"],
            environment: grid.environment
        ).finished()
        #expect(key.exitCode == 0, "\(key)")
        try? FileManager.default.createDirectory(atPath: "/run/sshd", withIntermediateDirectories: true)
        try "ListenAddress \(hosts.first)\nHostKey \(grid.scratch)/host\nPidFile \(grid.scratch)/sshd.pid\nUsePAM no\n"
            .write(
                toFile: "\(grid.scratch)/sshd_config", atomically: true, encoding: .utf8)
        let server = try await hosts.on(
            "a", LoopbackSSH.program ?? "sshd", ["-f", "\(grid.scratch)/sshd_config"],
            environment: grid.environment, folder: grid.scratch)
        #expect(server.exitCode == 0, "\(server)")
    }

    private func stopServer(_ grid: GridFixture) {
        let text = try? String(contentsOfFile: "\(grid.scratch)/sshd.pid", encoding: .utf8)
        if let pid = text.flatMap({ Int32($0.trimmingCharacters(in: .whitespacesAndNewlines)) }) { kill(pid, SIGTERM) }
    }

    /// From the other host, which is in no grid.
    private func discover(_ hosts: TwoHosts, _ grid: GridFixture, _ arguments: String...) async throws -> ProgramResult
    {
        var environment = grid.environment
        environment["NOIZYLAB_HOME"] = "\(grid.scratch)/other"
        return try await hosts.on(
            "b", grid.binary, ["discover"] + arguments, environment: environment, folder: "/")
    }

    private func isFound(_ hosts: TwoHosts, _ grid: GridFixture) async throws {
        let result = try await eventuallySome("sshd listens, and is found") {
            let result = try await discover(hosts, grid, "-o", "json")
            let isListening = try result.json().items.contains { host in
                host["ports"].items.contains { $0["port"].int == 22 && $0["state"].text == "open" }
            }
            return isListening ? result : nil
        }
        let found = try result.json().items
        #expect(Set(found.compactMap { $0["address"].text }) == [hosts.first, hosts.second], "\(result)")
        let other = try #require(found.first { $0["address"].text == hosts.first })
        #expect(other["kind"].text == "grid", "\(result)")
        #expect(other["seems"].text == "the coordinator M2-Ultra of the grid STUDIO", "\(result)")
        #expect(other["grid"]["certified"].bool == true, "its certificate was seen: \(result)")
        #expect(other["grid"]["announced"].bool == true, "it was heard on the cable: \(result)")
        #expect(other["grid"]["edge_port"].int == 50_052, "\(result)")
        #expect(other["hardware"].text?.count == 17, "its card is known: \(result)")
        let ssh = other["ports"].items.first { $0["port"].int == 22 }
        #expect(ssh?["words"].text?.hasPrefix("SSH-2.0-OpenSSH") ?? false, "\(result)")
        #expect(found.first { $0["address"].text == hosts.second }?["this_machine"].bool == true, "\(result)")
    }

    private func isTakenIn(_ hosts: TwoHosts, _ grid: GridFixture) async throws {
        let table = try await discover(hosts, grid, hosts.network)
        #expect(table.stdout.contains("link = \"ssh\"\naddress = \"\(hosts.first)\""), "\(table)")

        let added = try await discover(hosts, grid, hosts.first, "--add", "--name", "Mac-Pro", "--user", "studio")
        #expect(added.exitCode == 0, "\(added)")
        let file = try String(contentsOfFile: "\(grid.scratch)/other/config.toml", encoding: .utf8)
        #expect(
            file.contains("name = \"Mac-Pro\"\nlink = \"ssh\"\naddress = \"\(hosts.first)\"\nuser = \"studio\""),
            "\(file)")
        #expect(file.contains("link = \"local\""), "this machine is still in its own grid: \(file)")

        let twice = try await discover(hosts, grid, hosts.first, "--add", "--name", "Mac-Pro-2")
        #expect(twice.exitCode == 2, "\(twice)")
        #expect(twice.stderr.contains("there is a node at \(hosts.first) already"), "\(twice)")
    }
}
