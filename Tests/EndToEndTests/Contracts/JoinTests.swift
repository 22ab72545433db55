import Foundation
import TestSupport
import Testing

/// A further machine comes in with a token, its own home and its own key.
@Suite(.lab, .serialized, .timeLimit(.minutes(3)))
struct JoinTests {
    private func token(_ arguments: String...) async throws -> String {
        let result = try await GridFixture.current.noizylab(["token", "create", "-o", "json"] + arguments)
        guard let token = try result.json()["token"].text else { throw TestFailure("no token\n\(result)") }
        return token
    }

    private func withMachine(_ body: (GridFixture) async throws -> Void) async throws {
        let machine = try GridFixture()
        do {
            try await body(machine)
        } catch {
            print(machine.logs())
            await machine.remove()
            throw error
        }
        await machine.remove()
    }

    @Test func `a fourth node joins, runs tasks, and its token is used up`() async throws {
        let grid = try GridFixture.current
        let edge = try await grid.edgeAddress()
        let token = try await token("--name", "Studio-4")
        try await withMachine { machine in
            let joined = try await machine.noizylab(
                "join", "\(edge.host):\(edge.port)", "--token", token, "--name", "Studio-4")
            #expect(joined.exitCode == 0, "\(joined)")
            try await grid.online(["Studio-4"])
            let run = try await grid.noizylab("run", "--on", "Studio-4", "--", "sh", "-c", "echo from the fourth")
            #expect(run.stdout == "from the fourth\n", "\(run)")

            try await withMachine { second in
                let again = try await second.noizylab(
                    "join", "\(edge.host):\(edge.port)", "--token", token, "--name", "Studio-4")
                #expect(again.exitCode == 5, "a token works once\n\(again)")
                #expect(again.stderr.contains("used"), "\(again)")
            }
            try await machine.stopLeavingNothing()
            try await eventually("its silence is noticed") {
                try await grid.nodeStates()["Studio-4"] == "offline"
            }
            let back = try await machine.noizylab("start")
            #expect(back.exitCode == 0, "\(back)")
            try await grid.online(["Studio-4"])
            try await machine.stopLeavingNothing()
        }
    }

    @Test func `a token of another authority is refused before anything is sent`() async throws {
        let edge = try await GridFixture.current.edgeAddress()
        let token = try await token()
        let cut = try #require(token.lastIndex(of: "-"))
        let wrong = token[...cut] + String(repeating: "ab", count: 32)
        try await withMachine { machine in
            let result = try await machine.noizylab(
                "join", "\(edge.host):\(edge.port)", "--token", String(wrong), "--name", "Studio-5")
            #expect(result.exitCode == 5, "\(result)")
            #expect(result.stderr.lowercased().contains("authority"), "\(result)")
        }
        // It was not used up: the true token still works.
        try await withMachine { machine in
            let result = try await machine.noizylab(
                "join", "\(edge.host):\(edge.port)", "--token", token, "--name", "Studio-5")
            #expect(result.exitCode == 0, "\(result)")
        }
    }

    @Test func `a wrong name, a made-up token and an expired one are refused`() async throws {
        let grid = try GridFixture.current
        let edge = try await grid.edgeAddress()
        let named = try await token("--name", "Studio-6")
        let short = try await token("--ttl", "1s")
        let made = ContinuousClock.now
        let other = try await token()
        let invented = "nzl1-" + String(repeating: "a", count: 26) + other[(try #require(other.lastIndex(of: "-")))...]
        try await eventually("the second is over") { ContinuousClock.now - made > .milliseconds(1_200) }
        for (token, name) in [(named, "Studio-7"), (invented, "Studio-7"), (short, "Studio-7")] {
            try await withMachine { machine in
                let result = try await machine.noizylab(
                    "join", "\(edge.host):\(edge.port)", "--token", token, "--name", name)
                #expect([2, 5].contains(result.exitCode), "\(result)")
                #expect(!result.stderr.isEmpty)
            }
        }
        for arguments in [["join"], ["join", "x:1"], ["join", "nonsense", "--token", other]] {
            let result = try await grid.noizylab(arguments)
            #expect(result.exitCode == 2, "\(result)")
        }
        #expect(try await grid.nodeStates()["Studio-7"] == nil)
    }

    @Test func `a certificate is issued for the roles there are, and its key stays private`() async throws {
        let grid = try GridFixture.current
        let folder = try await grid.issueIdentities()
        for role in ["operator", "submitter", "viewer"] {
            let text = try await grid.shell(
                "openssl x509 -in \(folder)/\(role)/cert.pem -noout -ext subjectAltName && "
                    + "openssl verify -CAfile \(folder)/\(role)/ca.pem \(folder)/\(role)/cert.pem")
            #expect(text.stdout.contains("spiffe://NOIZYLAB/\(role)/test-\(role)"), "\(text)")
            #expect(text.stdout.contains("OK"), "\(text)")
        }
        let unknown = try await grid.noizylab("cert", "issue", "x", "--role", "emperor", "--out", "\(grid.scratch)/x")
        #expect(unknown.exitCode == 2, "\(unknown)")
        #expect(unknown.stderr.contains("submitter"), "it names the roles\n\(unknown)")
        let agent = try await grid.noizylab("cert", "issue", "x", "--role", "agent", "--out", "\(grid.scratch)/y")
        #expect(agent.exitCode == 2, "\(agent)")
    }
}
