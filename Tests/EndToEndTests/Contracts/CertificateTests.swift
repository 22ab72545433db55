import Foundation
import TestSupport
import Testing

/// Certificates on real processes: listed, renewed, revoked, and the authority rotated, with work going on.
@Suite(.serialized, .timeLimit(.minutes(4)))
struct CertificateTests {
    private func certificates(_ grid: GridFixture, _ more: String...) async throws -> [JSON] {
        let result = try await grid.noizylab(["cert", "list", "-o", "json"] + more)
        guard result.exitCode == 0 else { throw TestFailure("no list\n\(result)") }
        return try result.json().items
    }

    private func serial(of name: String, role: String = "agent", _ grid: GridFixture) async throws -> String? {
        try await certificates(grid).first { $0["name"].text == name && $0["role"].text == role }?["serial"].text
    }

    /// What a stock client is shown, and whether it verifies with this ca.pem.
    private func shown(_ grid: GridFixture, authority: String) async throws -> (serial: String, isGood: Bool) {
        let address = try await grid.listenAddress()
        let pki = "\(grid.home)/pki/operator"
        let result = try await grid.shell(
            "openssl s_client -connect localhost:\(address.port) -CAfile \(authority) -verify_hostname localhost "
                + "-cert \(pki)/cert.pem -key \(pki)/key.pem < /dev/null 2>/dev/null | tee \(grid.scratch)/s_client | "
                + "openssl x509 -noout -serial; grep 'Verify return code' \(grid.scratch)/s_client")
        return (
            String(result.stdout.split(separator: "\n").first ?? ""),
            result.stdout.contains("Verify return code: 0 (ok)")
        )
    }

    @Test func `rotating the authority under load fails no call and loses no task`() async throws {
        try await withGrid { grid in
            let old = "\(grid.scratch)/ca-before.pem"
            try FileManager.default.copyItem(atPath: "\(grid.home)/pki/operator/ca.pem", toPath: old)
            let before = try await shown(grid, authority: old)
            #expect(before.isGood)
            let nodes = ["M2-Ultra", "HP-OMEN", "Mac-Pro"]
            var serials: [String: String] = [:]
            for node in nodes { serials[node] = try await serial(of: node, grid) }
            let serialsBefore = serials

            let count = try await TaskLoad(grid: grid).whileRunning { _ in
                let rotated = try await grid.noizylab("cert", "rotate")
                #expect(rotated.exitCode == 0, "\(rotated)")
                #expect(rotated.stdout.contains("authority 2 signs"), "\(rotated)")
                let again = try await grid.noizylab("cert", "rotate")
                #expect(again.exitCode != 0, "one rotation at a time\n\(again)")

                try await eventually("every node has a certificate of the new authority", within: .seconds(20)) {
                    let list = try await certificates(grid)
                    return nodes.allSatisfy { node in
                        list.contains { one in
                            one["name"].text == node && one["authority"].text == "current"
                                && one["serial"].text != serialsBefore[node]
                        }
                    }
                }
                let after = try await shown(grid, authority: old)
                #expect(after.isGood, "a stock client's ca.pem from before holds what signs now")
                #expect(after.serial != before.serial, "the coordinator shows its new certificate, without a restart")

                let finished = try await grid.noizylab("cert", "rotate", "--finish", "--force")
                #expect(finished.exitCode == 0, "\(finished)")
                #expect(try await grid.noizylab("run", "--", "echo", "on").stdout == "on\n")
            }
            #expect(count > 50)
            try await grid.online()
            let events = try await grid.noizylab("events", "--last", "5000", "-o", "ndjson").jsonLines()
            #expect(events.contains { $0["kind"].text == "authority_rotated" })
            #expect(events.contains { $0["kind"].text == "authority_retired" })
            #expect(
                !events.contains { ["node_suspect", "node_offline"].contains($0["kind"].text) },
                "no link was cut by it")
            let files = try FileManager.default.contentsOfDirectory(atPath: "\(grid.home)/pki/ca").sorted()
            #expect(files == ["ca-2.key", "ca-2.pem", "ca-3.key", "ca-3.pem", "rotation.json"])
        }
    }

    @Test func `a coordinator killed in a rotation goes on with it`() async throws {
        try await withGrid { grid in
            try await TaskLoad(grid: grid).whileRunning { _ in
                for _ in 0..<2 {
                    async let rotated = grid.noizylab("cert", "rotate")
                    try await Task.sleep(for: .milliseconds(Int.random(in: 5...60)))
                    kill(try grid.pid(of: "coordinator"), SIGKILL)
                    _ = try await rotated
                    // Whoever the finish shut out is refused three times before it proves its key.
                    try await grid.online(within: .seconds(120))
                    try await eventually(
                        "it is finished or begun anew", within: .seconds(30), every: .milliseconds(200)
                    ) {
                        let begun = try await grid.noizylab("cert", "rotate")
                        let finished = try await grid.noizylab("cert", "rotate", "--finish", "--force")
                        return begun.exitCode == 0 || finished.exitCode == 0
                    }
                }
            }
            try await grid.online(within: .seconds(120))
            #expect(try await grid.noizylab("run", "--", "echo", "on").stdout == "on\n")
        }
    }

    @Test func `revoking a node under load loses no task, and shuts it out within a second`() async throws {
        try await withGrid { grid in
            try await TaskLoad(grid: grid).whileRunning { ended in
                try await eventually("the load runs") { ended() >= 40 }
                let begun = ContinuousClock.now
                let revoked = try await grid.noizylab("node", "revoke", "HP-OMEN", "--reason", "sold")
                #expect(revoked.exitCode == 0, "\(revoked)")
                try await eventually("its link is gone", within: .seconds(1), every: .milliseconds(10)) {
                    try await grid.nodeStates()["HP-OMEN"] != "online"
                }
                #expect(ContinuousClock.now - begun < .seconds(2), "with two commands of the command line in it")
                try await eventually("what it ran goes elsewhere", within: .seconds(10)) {
                    try await grid.nodeStates()["HP-OMEN"] == "offline"
                }
                let before = ended()
                try await eventually("the load goes on without it") { ended() >= before + 40 }
            }
            let listed = try await certificates(grid, "--all").first { $0["name"].text == "HP-OMEN" }
            #expect(listed?["state"].text == "revoked")
            #expect(listed?["reason"].text == "sold")
            let log = try String(contentsOfFile: "\(grid.home)/log/agent-HP-OMEN.log", encoding: .utf8)
            #expect(log.contains("revoked"), "the node says why")
        }
    }

    @Test func `revoking an operator ends what it watches within a second, and nobody else's`() async throws {
        try await withGrid { grid in
            let out = "\(grid.scratch)/mallory"
            let issued = try await grid.noizylab("cert", "issue", "mallory", "--role", "operator", "--out", out)
            #expect(issued.exitCode == 0, "\(issued)")
            let other = try grid.launch(["events", "--follow"])
            let task = try grid.launch(["run", "--", "sleep", "60"], environment: ["NOIZYLAB_CERT": out])
            let events = try grid.launch(["events", "--follow"], environment: ["NOIZYLAB_CERT": out])
            try await eventually("they watch") {
                events.stdout.contains("is online") && other.stdout.contains("is online")
            }
            try await eventually("its task runs") {
                try await grid.noizylab("task", "list", "-o", "json").json().items.contains {
                    $0["state"].text == "running"
                }
            }

            let begun = ContinuousClock.now
            let revoked = try await grid.noizylab("cert", "revoke", "mallory", "--reason", "stolen")
            #expect(revoked.exitCode == 0, "\(revoked)")
            let ends = [try await events.finished(within: .seconds(2)), try await task.finished(within: .seconds(2))]

            #expect(ContinuousClock.now - begun < .seconds(1), "with a command of the command line in it")
            for end in ends {
                #expect(end.exitCode == 5, "\(end)")
                #expect(end.stderr.contains("revoked"), "\(end)")
            }
            let late = try await grid.noizylab("status", "--cert", out)
            #expect(late.exitCode == 5 && late.stderr.contains("does not accept this certificate"), "\(late)")
            #expect(try await grid.noizylab("run", "--", "echo", "on").stdout == "on\n")
            try await eventually("others watch on") { other.stdout.contains("was revoked by") }
            kill(other.pid, SIGINT)
            _ = try await other.finished()
        }
    }

    /// Three nodes on this machine whose certificates live for seconds.
    private func withShortLives(_ body: (GridFixture) async throws -> Void) async throws {
        let nodes = ["one", "two", "three"].map { "[[node]]\nname = \"\($0)\"\nlink = \"local\"\n" }.joined()
        let text = """
            [coordinator]
            listen = "127.0.0.1:0"
            edge = "127.0.0.1:0"
            [certificates]
            node_lifetime = "9s"
            least_overlap = "1s"
            recovery = "10m"
            \(nodes)
            """
        let path = try Workspace.freshFolder("short") + "/noizylab.toml"
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(atPath: String(path.dropLast("/noizylab.toml".count))) }
        try await withGrid(["--config", path], body)
    }

    @Test func `certificates are renewed in the running processes, with no link cut and no task lost`() async throws {
        try await withShortLives { grid in
            let ca = "\(grid.home)/pki/operator/ca.pem"
            let first = try await shown(grid, authority: ca)
            let before = try await serial(of: "two", grid)
            try await TaskLoad(grid: grid).whileRunning { _ in
                // Longer than any of them lives.
                let begun = ContinuousClock.now
                try await eventually("they outlive their first certificates", within: .seconds(40)) {
                    ContinuousClock.now - begun > .seconds(20)
                }
            }
            let last = try await shown(grid, authority: ca)
            #expect(last.isGood)
            #expect(last.serial != first.serial, "the coordinator renewed its own")
            #expect(try await serial(of: "two", grid) != before)
            let all = try await certificates(grid, "--all").filter { $0["name"].text == "two" }
            #expect(all.count >= 3, "\(all)")
            let events = try await grid.noizylab("events", "--last", "5000", "-o", "ndjson").jsonLines()
            #expect(!events.contains { ["node_suspect", "node_offline"].contains($0["kind"].text) })
        }
    }

    @Test func `a node that was off past its certificate's life is let back in by its key`() async throws {
        try await withShortLives { grid in
            let edge = try await grid.edgeAddress()
            let token = try await grid.noizylab("token", "create", "-o", "json").json()["token"].text ?? ""
            let machine = try GridFixture()
            do {
                let joined = try await machine.noizylab(
                    "join", "\(edge.host):\(edge.port)", "--token", token, "--name", "Studio-4")
                #expect(joined.exitCode == 0, "\(joined)")
                try await grid.online(["Studio-4"])
                try await machine.stopLeavingNothing()
                try await eventually("its certificate has ended", within: .seconds(20), every: .milliseconds(200)) {
                    let all = try await certificates(grid, "--all").filter { $0["name"].text == "Studio-4" }
                    return !all.isEmpty
                        && all.allSatisfy { $0["state"].text == "expired" || $0["state"].text == "replaced" }
                        && all[0]["state"].text == "expired"
                }
                let back = try await machine.noizylab("start")
                #expect(back.exitCode == 0, "\(back)")
                try await grid.online(["Studio-4"])
                let run = try await grid.noizylab("run", "--on", "Studio-4", "--", "echo", "back")
                #expect(run.stdout == "back\n", "\(run)")
                let events = try await grid.noizylab("events", "--last", "500", "-o", "ndjson").jsonLines()
                #expect(events.contains { $0["kind"].text == "node_recovered" && $0["node"].text == "Studio-4" })
                try await machine.stopLeavingNothing()
            } catch {
                print(machine.logs())
                await machine.remove()
                throw error
            }
            await machine.remove()
        }
    }

    @Test func `a machine is let in when an operator has read the same fingerprint on both screens`() async throws {
        try await withGrid { grid in
            let edge = try await grid.edgeAddress()
            let token = try await grid.noizylab("token", "create", "--confirm", "-o", "json").json()["token"].text ?? ""
            let machine = try GridFixture()
            do {
                let alone = try await machine.noizylab(
                    "join", "\(edge.host):\(edge.port)", "--token", token, "--name", "Studio-4")
                #expect(alone.exitCode == 5, "\(alone)")
                #expect(alone.stderr.contains("--confirm"), "\(alone)")

                let joining = try machine.launch(
                    ["join", "\(edge.host):\(edge.port)", "--token", token, "--name", "Studio-4", "--confirm"])
                let waiting = try await eventuallySome("it waits") {
                    try await grid.noizylab("node", "pending", "-o", "json").json().items.first
                }
                let fingerprint = waiting["fingerprint"].text ?? ""
                #expect(joining.stderr.contains(fingerprint), "both screens show it: \(joining.stderr)")
                let wrong = try await grid.noizylab(
                    "node", "approve", "Studio-4", "--fingerprint", "aaaa-bbbb-cccc-dddd")
                #expect(wrong.exitCode != 0, "\(wrong)")
                let right = try await grid.noizylab("node", "approve", "Studio-4", "--fingerprint", fingerprint)
                #expect(right.exitCode == 0, "\(right)")
                let joined = try await joining.finished(within: .seconds(30))
                #expect(joined.exitCode == 0, "\(joined)")
                try await grid.online(["Studio-4"])
                try await machine.stopLeavingNothing()
            } catch {
                print(machine.logs())
                await machine.remove()
                throw error
            }
            await machine.remove()
        }
    }

    @Test func `a program renews its own certificate, and one that is revoked opens nothing`() async throws {
        try await withGrid { grid in
            let out = "\(grid.scratch)/studio"
            let issued = try await grid.noizylab("cert", "issue", "studio", "--role", "submitter", "--out", out)
            #expect(issued.exitCode == 0, "\(issued)")
            let mine = ["NOIZYLAB_CERT": out]
            #expect(try await grid.noizylab("run", "--", "echo", "a", environment: mine).stdout == "a\n")
            let before = try await serial(of: "studio", role: "submitter", grid)
            let renewed = try await grid.noizylab("cert", "renew", environment: mine)
            #expect(renewed.exitCode == 0, "\(renewed)")
            #expect(try await grid.noizylab("run", "--", "echo", "b", environment: mine).stdout == "b\n")
            #expect(try await serial(of: "studio", role: "submitter", grid) != before)

            let revoked = try await grid.noizylab("cert", "revoke", "studio", "--reason", "left")
            #expect(revoked.exitCode == 0, "\(revoked)")
            let denied = try await grid.noizylab("run", "--", "echo", "c", environment: mine)
            #expect([4, 5].contains(denied.exitCode), "\(denied)")
            #expect(!denied.stdout.contains("c"))
            let again = try await grid.noizylab("cert", "revoke", "studio")
            #expect(again.exitCode == 4, "\(again)")
        }
    }
}
