import Foundation
import GridIdentity
import Testing

/// Secrets planted in tasks, and looked for in everything the grid keeps or shows.
@Suite(.timeLimit(.minutes(2)))
struct SecretTests {
    private static let canaries = [
        "CANARY-environment-5f1c", "CANARY-file-77ab", "CANARY-running-0e9d",
    ]

    @Test func `a task sees its secrets and nobody else does`() async throws {
        try await withGrid { grid in
            let file = "\(grid.scratch)/secret"
            try (Self.canaries[1] + "\n").write(toFile: file, atomically: true, encoding: .utf8)
            // It says of each whether it has it, and not what it is.
            let script = """
                [ "$PLANTED" = "CANARY-environment-$SALT" ] && echo environment
                [ "$FILED" = "CANARY-file-$PEPPER" ] && echo file
                """
            let run = try await grid.noizylab(
                [
                    "run", "--secret-env", "PLANTED", "--secret-file", "FILED=\(file)", "--env", "SALT=5f1c", "--env",
                    "PEPPER=77ab", "--key", "planted", "--shell", "--", script,
                ], environment: ["PLANTED": Self.canaries[0]])
            #expect(run.stdout == "environment\nfile\n", "\(run)")

            // One that still runs, and one that waits: theirs are kept somewhere.
            let running = try await grid.noizylab(
                [
                    "run", "--detach", "--secret-env", "PLANTED", "--key", "still-running", "--on", "HP-OMEN", "--",
                    "sleep", "60",
                ], environment: ["PLANTED": Self.canaries[2]])
            #expect(running.exitCode == 0, "\(running)")
            try await grid.succeeding("node", "cordon", "Mac-Pro")
            let waiting = try await grid.noizylab(
                ["run", "--detach", "--secret-env", "PLANTED", "--on", "Mac-Pro", "--", "true"],
                environment: ["PLANTED": Self.canaries[2]])
            #expect(waiting.exitCode == 0, "\(waiting)")
            // The same key with the same secret is the same task; with another it is refused.
            let again = try await grid.noizylab(
                [
                    "run", "--detach", "--secret-env", "PLANTED", "--key", "still-running", "--on", "HP-OMEN", "--",
                    "sleep", "60",
                ], environment: ["PLANTED": Self.canaries[2]])
            #expect(again.stdout == running.stdout, "\(again)")
            let other = try await grid.noizylab(
                [
                    "run", "--detach", "--secret-env", "PLANTED", "--key", "still-running", "--on", "HP-OMEN", "--",
                    "sleep", "60",
                ], environment: ["PLANTED": "another"])
            #expect(other.exitCode != 0, "\(other)")

            // Keys that are revoked by themselves: what stands after the id is theirs alone.
            let made = try await grid.noizylab("key", "create", "--name", "leaked")
            let key = made.stdout.trimmingCharacters(in: .whitespacesAndNewlines)
            let unknown = APIKey.make().text
            let canaries = Self.canaries + [key, unknown].map { String($0.suffix(52).prefix(16)) }
            let revoked = try await grid.noizylab("key", "revoke", key)
            #expect(revoked.exitCode == 0, "\(revoked)")
            let refused = try await grid.noizylab("key", "revoke", unknown)
            #expect(refused.exitCode != 0)

            var shown = revoked.stdout + revoked.stderr + refused.stdout + refused.stderr
            for arguments in [
                ["task", "list", "-o", "json"], ["task", "show", "planted", "-o", "json"],
                ["task", "show", "still-running", "-o", "json"], ["task", "why", "still-running"],
                ["events", "--last", "1000", "-o", "ndjson"], ["audit", "list", "-o", "ndjson"],
                ["status", "-o", "json"],
                ["logs"],
            ] {
                let result = try await grid.noizylab(arguments)
                shown += result.stdout + result.stderr
            }
            #expect(shown.contains("planted"), "what was looked through is empty")
            for canary in canaries { #expect(!shown.contains(canary), "\(canary) is shown") }

            try Self.look(for: canaries, in: grid.home, also: "with tasks running")
            for entry in ProcessTable.processes(ofHome: grid.home) {
                for canary in canaries {
                    #expect(!entry.arguments.contains { $0.contains(canary) }, "\(entry) shows \(canary)")
                }
            }

            let retried = try await grid.noizylab("task", "retry", "planted")
            #expect(retried.exitCode != 0 && retried.stderr.contains("secrets"), "\(retried)")
            // After a restart the waiting one still has its secret.
            try await grid.stopLeavingNothing()
            try Self.look(for: canaries, in: grid.home, also: "after the grid was stopped")
            try await grid.start()
        }
    }

    /// Every file below the grid's folder, whatever it is.
    private static func look(for canaries: [String], in folder: String, also when: String) throws {
        let enumerator = FileManager.default.enumerator(atPath: folder)
        var files = 0
        while let name = enumerator?.nextObject() as? String {
            let path = folder + "/" + name
            var isFolder: ObjCBool = false
            guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), !isFolder.boolValue,
                let bytes = FileManager.default.contents(atPath: path)
            else { continue }
            files += 1
            for canary in canaries {
                #expect(bytes.range(of: Data(canary.utf8)) == nil, "\(path) holds \(canary) \(when)")
            }
        }
        #expect(files > 10)
    }

    @Test func `a secret that is not there is said before anything is sent`() async throws {
        let grid = try GridFixture()
        let missing = try await grid.noizylab("run", "--secret-env", "NOT_THERE_AT_ALL", "--", "true")
        #expect(missing.exitCode == 2 && missing.stderr.contains("NOT_THERE_AT_ALL"), "\(missing)")
        let file = try await grid.noizylab("run", "--secret-file", "A=/nowhere/at/all", "--", "true")
        #expect(file.exitCode == 2, "\(file)")
        await grid.remove()
    }
}
