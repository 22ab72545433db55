import Foundation
import Testing

/// What each role may do: the command line as somebody whose certificate an operator issued.
@Suite(.lab, .serialized, .timeLimit(.minutes(2)))
struct RoleTests {
    private func noizylab(as role: String, _ arguments: String...) async throws -> ProgramResult {
        let grid = try GridFixture.current
        let folder = try await grid.issueIdentities()
        return try await grid.noizylab(arguments, environment: ["NOIZYLAB_CERT": "\(folder)/\(role)"])
    }

    @Test func `a viewer looks and does nothing`() async throws {
        for arguments in ["status", "node list", "task list", "events"] {
            let words = arguments.split(separator: " ").map(String.init)
            let grid = try GridFixture.current
            let folder = try await grid.issueIdentities()
            let result = try await grid.noizylab(words, environment: ["NOIZYLAB_CERT": "\(folder)/viewer"])
            #expect(result.exitCode == 0, "\(result)")
        }
        let denied = [
            try await noizylab(as: "viewer", "run", "--", "true"),
            try await noizylab(as: "viewer", "exec", "--all", "--", "true"),
            try await noizylab(as: "viewer", "node", "drain", "HP-OMEN"),
            try await noizylab(as: "viewer", "token", "create"),
            try await noizylab(as: "viewer", "cert", "issue", "more", "--role", "operator", "--out", "more"),
        ]
        for result in denied {
            #expect(result.exitCode == 5, "\(result)")
            #expect(!result.stderr.isEmpty)
        }
    }

    @Test func `a submitter runs tasks, sees its own and looks after nothing`() async throws {
        let grid = try GridFixture.current
        let others = try await grid.detached("--key", "an-operators", "--", "echo", "not yours")
        _ = try await grid.ended(others)
        let mine = try await noizylab(as: "submitter", "run", "--key", "a-submitters", "--", "echo", "mine")
        #expect(mine.stdout == "mine\n", "\(mine)")
        let listed = try await noizylab(as: "submitter", "task", "list", "-o", "json").json().items
        #expect(listed.contains { $0["key"].text == "a-submitters" })
        #expect(!listed.contains { $0["key"].text == "an-operators" }, "it sees its own tasks alone")
        for result in [
            try await noizylab(as: "submitter", "task", "show", others),
            try await noizylab(as: "submitter", "task", "logs", others),
            try await noizylab(as: "submitter", "task", "cancel", others),
        ] {
            #expect([4, 5].contains(result.exitCode), "\(result)")
            #expect(!result.stdout.contains("not yours"))
        }
        for result in [
            try await noizylab(as: "submitter", "node", "drain", "HP-OMEN"),
            try await noizylab(as: "submitter", "token", "create"),
            try await noizylab(as: "submitter", "cert", "issue", "x", "--role", "viewer", "--out", "x"),
        ] {
            #expect(result.exitCode == 5, "\(result)")
        }
    }

    @Test func `who asked is what the certificate says`() async throws {
        let grid = try GridFixture.current
        let result = try await noizylab(as: "submitter", "run", "-o", "json", "--", "true")
        #expect(try result.json()["submitter"].text == "test-submitter", "\(result)")
        #expect(try await grid.nodeStates().count == 3)
    }

    @Test func `a stranger's certificate gets nothing and hears why`() async throws {
        let result = try await noizylab(as: "stranger", "status")
        #expect([4, 5].contains(result.exitCode), "\(result)")
        #expect(!result.stderr.isEmpty)
    }

    @Test func `an agent's certificate is for its link alone`() async throws {
        let grid = try GridFixture.current
        for arguments in [["run", "--", "true"], ["task", "list"], ["status"], ["node", "drain", "Mac-Pro"]] {
            let result = try await grid.noizylab(
                arguments, environment: ["NOIZYLAB_CERT": "\(grid.home)/nodes/HP-OMEN/pki"])
            #expect(result.exitCode == 5, "\(result)")
        }
    }
}
