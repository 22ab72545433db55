import Foundation
import NoizyClient
import TestSupport
import Testing

/// API keys as those who use them see them: the command line, a stock Python client, the client library.
@Suite(.serialized, .timeLimit(.minutes(3)))
struct KeyTests {
    private func makeKey(_ grid: GridFixture, _ arguments: String...) async throws -> (key: String, pin: String) {
        let made = try await grid.noizylab(["key", "create", "-o", "json"] + arguments)
        guard made.exitCode == 0, let key = try made.json()["key"].text, let pin = try made.json()["pin"].text else {
            throw TestFailure("no key\n\(made)")
        }
        return (key, pin)
    }

    @Test func `a Python program with a key and a signer of its own gets its work done`() async throws {
        try await withStrictGrid { grid in
            let signer = try await grid.makeSigner("anna")
            let key = try await makeKey(grid, "--name", "ci", "--nodes", "M2-*,HP-OMEN").key
            let edge = try await grid.edgeAddress()
            let result = try await RunningProgram(
                Workspace.python(),
                [
                    "\(Workspace.package)/Tests/EndToEndTests/Python/keys.py", "localhost:\(edge.port)",
                    "\(grid.home)/pki/ca/ca.pem", key, signer, "HP-OMEN", "STUDIO", "\(Workspace.package)/proto",
                ],
                environment: grid.environment.merging(["PYTHONDONTWRITEBYTECODE": "1", "GRPC_VERBOSITY": "NONE"]) { $1 }
            ).finished(within: .seconds(120))
            print(result.stdout)
            let failed = result.lines.filter { $0.hasPrefix("FAIL") }
            #expect(
                result.exitCode == 0 && failed.isEmpty,
                "\(failed.joined(separator: "\n"))\n\(result.stderr.suffix(2_000))")
        }
    }

    @Test func `the command line works by a key, within its scope, until it is revoked`() async throws {
        try await withGrid { grid in
            let (key, pin) = try await makeKey(grid, "--name", "ci", "--nodes", "HP-*", "--types", "shell")
            let edge = try await grid.edgeAddress()
            // A machine that has the key, the address and the pin, and nothing else.
            let elsewhere = try GridFixture()
            let environment = [
                "NOIZYLAB_API_KEY": key, "NOIZYLAB_GRID": "\(edge.host):\(edge.port)", "NOIZYLAB_CA": pin,
            ]
            func noizylab(_ arguments: String...) async throws -> ProgramResult {
                try await elsewhere.noizylab(arguments, environment: environment)
            }
            let run = try await noizylab("run", "--on", "HP-OMEN", "--", "echo", "by key")
            #expect(run.exitCode == 0 && run.stdout == "by key\n", "\(run)")
            let shown = try await noizylab("task", "list", "-o", "json").json().items
            #expect(shown.map { $0["submitter"].text } == ["key:ci"])
            for (arguments, word) in [
                (["run", "--", "true"], "--on"), (["run", "--on", "Mac-Pro", "--", "true"], "Mac-Pro"),
                (["run", "--type", "echo", "--on", "HP-OMEN", "--", "x"], "shell"),
                (["node", "drain", "HP-OMEN"], "manageNodes"), (["key", "list"], "issueIdentities"),
                (["token", "create"], "issueIdentities"),
            ] {
                let denied = try await elsewhere.noizylab(arguments, environment: environment)
                #expect(denied.exitCode == 5 && denied.stderr.contains(word), "\(denied)")
            }
            // Somebody in between with another authority hears no key.
            let wrong = environment.merging(["NOIZYLAB_CA": "sha256:" + String(repeating: "ab", count: 32)]) { $1 }
            let between = try await elsewhere.noizylab(["status"], environment: wrong)
            #expect(between.exitCode == 5 && between.stderr.contains("Nothing was sent"), "\(between)")

            let listed = try await grid.noizylab("key", "list", "-o", "json").json().items
            #expect(listed.first?["last_used_at"].text != nil)
            #expect(listed.first?["nodes"].items.map(\.text) == ["HP-*"])
            try await grid.succeeding("key", "revoke", "ci")
            let gone = try await noizylab("status")
            #expect(gone.exitCode == 5 && gone.stderr.contains("revoked"), "\(gone)")
            #expect(try await grid.noizylab("key", "list", "-o", "json").json().items.isEmpty)
            #expect(try await grid.noizylab("key", "list", "--all", "-o", "json").json().items.count == 1)
            await elsewhere.remove()
            // The key's text is in no file of the grid's, and in none of its logs.
            let secret = key.suffix(52)
            let found = try await grid.shell("grep -rl '\(secret)' \(grid.home) | wc -l")
            #expect(found.stdout.trimmingCharacters(in: .whitespacesAndNewlines) == "0", "\(found)")
        }
    }

    @Test func `the client library follows a task by a key, and hears of its end`() async throws {
        try await withGrid { grid in
            let (key, _) = try await makeKey(grid, "--name", "lib")
            let edge = try await grid.edgeAddress()
            let credentials = try GridCredentials.apiKey(key, authority: "\(grid.home)/pki/ca/ca.pem")
            let error = await #expect(throws: GridError.self) {
                try await GridClient.withConnection(
                    to: GridEndpoint(host: edge.host, port: edge.port), credentials: credentials
                ) { client in
                    let task = try await client.submit(.command("sleep", "30"))
                    for try await update in client.watch(task.id) {
                        guard case .status(let status) = update, status.state == .running else { continue }
                        try await grid.succeeding("key", "revoke", "lib")
                    }
                }
            }
            #expect(error?.code == .denied, "\(String(describing: error))")
        }
    }
}
