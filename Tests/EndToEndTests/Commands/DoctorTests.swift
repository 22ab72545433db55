import Foundation
import TestSupport
import Testing

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// `noizylab doctor` on real grids: nothing to say while all is well, and the named check when something is broken.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct DoctorTests {
    /// A fresh home; the test starts what it needs.
    private func withHome(_ body: (GridFixture) async throws -> Void) async throws {
        let grid = try GridFixture()
        do {
            try await body(grid)
        } catch {
            print("the grid's logs, because the test failed:\n\(grid.logs())")
            await grid.remove()
            throw error
        }
        await grid.remove()
    }

    /// The checks of one name, whatever node they are of.
    private func checks(_ grid: GridFixture, _ name: String, _ arguments: String...) async throws -> [JSON] {
        let result = try await grid.noizylab(["doctor", "-o", "json"] + arguments)
        return try result.json()["checks"].items.filter { $0["check"].text == name }
    }

    @Test func `a lab that is well is well, and a stopped one too`() async throws {
        try await withHome { grid in
            let before = try await grid.noizylab("doctor", "-o", "json")
            #expect(before.exitCode == 0, "\(before)")

            try await grid.start()
            let report = try await grid.noizylab("doctor", "-o", "json")
            #expect(report.exitCode == 0, "\(report)")
            let checks = try report.json()["checks"].items
            #expect(checks.allSatisfy { $0["level"].text != "failed" }, "\(report)")
            for node in ["M2-Ultra", "HP-OMEN", "Mac-Pro"] {
                let own = checks.filter { $0["node"].text == node }
                let names = Set(own.compactMap { $0["check"].text })
                #expect(
                    names.isSuperset(of: ["connection", "heartbeat", "skew", "version", "certificate", "spool"]),
                    "\(names)")
                #expect(
                    names.contains("python") && names.contains("node-disk"), "it was looked at from inside: \(names)")
            }
            for name in ["ports", "modes", "disk", "store", "certificates", "trust", "processes"] {
                #expect(checks.contains { $0["check"].text == name && $0["level"].text == "ok" }, "\(name): \(report)")
            }
            let one = try await grid.noizylab("doctor", "Mac-Pro")
            #expect(one.exitCode == 0, "\(one)")
            #expect(one.stdout.hasPrefix("Mac-Pro\n"), "\(one)")
            #expect(one.stdout.contains("✓ ok"), "words and signs: \(one)")
            #expect(try await grid.noizylab("doctor", "Atlantis").exitCode == 4)

            try await grid.succeeding("stop")
            let stopped = try await grid.noizylab("doctor", "-o", "json")
            #expect(stopped.exitCode == 0, "\(stopped)")
        }
    }

    @Test func `an open key and an open home are found, and repaired`() async throws {
        try await withHome { grid in
            try await grid.start(["--lab", "1"])
            let key = "\(grid.home)/pki/operator/key.pem"
            chmod(key, 0o644)
            chmod(grid.home, 0o755)

            let broken = try await grid.noizylab("doctor", "-o", "json")
            #expect(broken.exitCode == 1, "\(broken)")
            let modes = try broken.json()["checks"].items.filter { $0["check"].text == "modes" }
            #expect(modes.map { $0["level"].text } == ["failed", "failed"], "\(broken)")
            #expect(modes.contains { $0["try"].text == "chmod 600 \(key), or noizylab doctor --repair" }, "\(broken)")

            let repaired = try await grid.noizylab("doctor", "--repair")
            #expect(repaired.exitCode == 0, "\(repaired)")
            #expect(repaired.stderr.contains("repaired: \(key) is for its owner alone again"), "\(repaired)")
            #expect(try mode(key) == 0o600)
            #expect(try mode(grid.home) == 0o700)
        }
    }

    private func mode(_ path: String) throws -> Int {
        let facts = try FileManager.default.attributesOfItem(atPath: path)
        return ((facts[.posixPermissions] as? NSNumber)?.intValue ?? 0) & 0o777
    }

    @Test func `a node whose agent is stopped fails alone, and is exit 4 when it is asked for`() async throws {
        try await withHome { grid in
            try await grid.start(["--lab", "2"])
            let agent = try grid.pid(of: "agent", named: "HP-OMEN")
            kill(agent, SIGSTOP)
            defer { kill(agent, SIGCONT) }
            try await eventually("it is offline") { try await grid.nodeStates()["HP-OMEN"] == "offline" }

            let all = try await grid.noizylab("doctor", "-o", "json")
            #expect(all.exitCode == 3, "\(all)")
            let failed = try all.json()["checks"].items.filter { $0["level"].text == "failed" }
            #expect(failed.map { $0["check"].text } == ["connection"], "\(all)")
            #expect(failed.first?["node"].text == "HP-OMEN", "\(all)")
            #expect(try await grid.noizylab("doctor", "HP-OMEN").exitCode == 4)
            #expect(try await grid.noizylab("doctor", "M2-Ultra").exitCode == 0)
        }
    }

    @Test func `what a killed grid leaves is told, and removed`() async throws {
        try await withHome { grid in
            try await grid.start(["--lab", "1"])
            for part in ["supervise", "coordinator", "agent"] { kill(try grid.pid(of: part), SIGKILL) }
            let home = grid.home
            try await eventually("they are gone") { ProcessTable.processes(ofHome: home).isEmpty }

            let left = try await checks(grid, "processes")
            #expect(left.map { $0["level"].text } == ["warning"], "\(left)")
            #expect(left.first?["text"].text?.contains("run/coordinator.json") ?? false, "\(left)")

            let repaired = try await grid.noizylab("doctor", "--repair")
            #expect(repaired.stderr.contains("run/coordinator.json is removed"), "\(repaired)")
            #expect(try await checks(grid, "processes").map { $0["level"].text } == ["ok"])
            try await grid.start(["--lab", "1"])
        }
    }

    @Test func `a port that another program has is named with who to ask`() async throws {
        try await withHome { grid in
            let other = try PlainSocket.listen()
            defer { close(other.descriptor) }
            let config = "\(grid.scratch)/noizylab.toml"
            try "[coordinator]\nlisten = \"127.0.0.1:\(other.port)\"\nedge = \"127.0.0.1:0\"\n".write(
                toFile: config, atomically: true, encoding: .utf8)

            let result = try await grid.noizylab("doctor", "--config", config)
            #expect(result.exitCode == 1, "\(result)")
            #expect(result.stdout.contains("coordinator.listen cannot be listened on"), "\(result)")
            #expect(result.stdout.contains("sport = :\(other.port)") || result.stdout.contains("lsof"), "\(result)")

            try "[coordinator]\nlisen = \"127.0.0.1:1\"\n".write(toFile: config, atomically: true, encoding: .utf8)
            let wrong = try await grid.noizylab("doctor", "--config", config, "-o", "json")
            #expect(wrong.exitCode == 1, "\(wrong)")
            let found = try wrong.json()["checks"].items.first { $0["check"].text == "configuration" }
            #expect(found?["text"].text?.contains("unknown key 'lisen'") ?? false, "\(wrong)")
        }
    }

    @Test func `a damaged store is a failure that names the file`() async throws {
        try await withHome { grid in
            try await grid.start(["--lab", "1"])
            try await grid.succeeding("run", "--", "true")
            try await grid.succeeding("stop")
            let store = "\(grid.home)/store/grid.sqlite"
            let file = try #require(FileHandle(forUpdatingAtPath: store))
            let size = try file.seekToEnd()
            // Everything behind the first page, whose header says what kind of file it is.
            try file.seek(toOffset: 4_096)
            try file.write(contentsOf: Data(repeating: 0xA5, count: Int(size) - 4_096))
            try file.close()

            let found = try await checks(grid, "store")
            #expect(found.map { $0["level"].text } == ["failed"], "\(found)")
            #expect(found.first?["text"].text?.contains(store) ?? false, "\(found)")
        }
    }

    @Test(.enabled(if: LoopbackSSH.program != nil, "sshd is not installed"))
    func `a machine over SSH is looked at from inside, and a strange host key shows its fingerprint`() async throws {
        let ssh = try LoopbackSSH()
        defer { ssh.remove() }
        func config(_ knownHosts: String) -> String {
            GridStanzas.grid(ssh.node("there", knownHosts: knownHosts))
        }
        let file = "\(ssh.folder)/noizylab.toml"
        let stranger = "\(ssh.folder)/nobody"
        try "".write(toFile: stranger, atomically: true, encoding: .utf8)
        try config(stranger).write(toFile: file, atomically: true, encoding: .utf8)
        try await withHome { grid in
            try await grid.start(["--config", file])
            let unknown = try await grid.noizylab("doctor", "there", "--config", file, "-o", "json")
            #expect(unknown.exitCode != 0, "\(unknown)")
            let key = try unknown.json()["checks"].items.first { $0["check"].text == "host-key" }
            #expect(key?["level"].text == "failed", "\(unknown)")
            let fingerprint = try await fingerprint(ssh)
            #expect(key?["text"].text?.contains(fingerprint) ?? false, "\(unknown)")

            let denied = try await grid.noizylab("node", "trust", "there", "--fingerprint", "SHA256:another")
            #expect(denied.exitCode == 5, "\(denied)")
            #expect(try await grid.nodeStates()["there"] != "online")
            let trusted = try await grid.noizylab("node", "trust", "there", "--fingerprint", fingerprint)
            #expect(trusted.exitCode == 0, "\(trusted)")
            try await grid.online(["there"])
            try await grid.succeeding("stop")

            try config(ssh.knownHosts).write(toFile: file, atomically: true, encoding: .utf8)
            try await grid.start(["--config", file])
            let well = try await grid.noizylab("doctor", "there", "--config", file, "-o", "json")
            #expect(well.exitCode == 0, "\(well)")
            let names = Set(try well.json()["checks"].items.compactMap { $0["check"].text })
            #expect(names.isSuperset(of: ["connection", "heartbeat", "node-disk", "python"]), "\(names)")

            ssh.cutPower()
            try await eventually("it is offline") { try await grid.nodeStates()["there"] == "offline" }
            let gone = try await grid.noizylab("doctor", "there", "--config", file)
            #expect(gone.exitCode == 4, "\(gone)")
            #expect(gone.stdout.contains("no SSH at 127.0.0.1 port \(ssh.port)"), "\(gone)")
        }
    }

    private func fingerprint(_ ssh: LoopbackSSH) async throws -> String {
        let result = try await RunningProgram(
            "/usr/bin/env", ["ssh-keygen", "-lf", "\(ssh.folder)/host.pub"],
            environment: ProcessInfo.processInfo.environment
        ).finished()
        return String(try #require(result.stdout.split(separator: " ").dropFirst().first))
    }
}
