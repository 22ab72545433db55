import Foundation
import Testing

/// What a script reads from `-o json`: exactly the contract's names.
@Suite(.lab, .serialized, .timeLimit(.minutes(3)))
struct StatusTests {
    @Test func `status has the shape that scripts rely on`() async throws {
        let status = try await GridFixture.current.status()

        // Names may be added, none may go.
        #expect(status.keys.isSuperset(of: ["cluster", "state", "coordinator", "nodes", "dashboard", "tasks"]))
        #expect(status["cluster"].text == "NOIZYLAB")
        #expect(status["state"].text == "ready")
        #expect(
            status["coordinator"].keys == ["node", "listen", "edge", "pid", "version", "uptime_ms"],
            "\(status["coordinator"].keys)")
        #expect(status["coordinator"]["node"].text == "M2-Ultra")
        let pid = try #require(status["coordinator"]["pid"].int)
        #expect(ProcessTable.entry(Int32(pid)) != nil, "the pid is a living process")
        #expect(status["nodes"].items.count == 3)
        for node in status["nodes"].items {
            #expect(
                node.keys.isSuperset(of: [
                    "name", "role", "link", "state", "os", "arch", "address", "latency_ms", "cpu", "memory", "gpus",
                    "running",
                ]), "\(node.keys.sorted())")
        }
        let roles = status["nodes"].items.reduce(into: [:]) { $0[$1["name"].text ?? ""] = $1["role"].text }
        #expect(roles == ["M2-Ultra": "primary", "HP-OMEN": "compute", "Mac-Pro": "secondary"])
    }

    @Test func `run -o json prints one object with the contract's names`() async throws {
        let result = try await GridFixture.current.noizylab(
            "run", "-o", "json", "--", "sh", "-c", "echo out; echo err >&2; exit 3")
        let task = try result.json()

        #expect(result.exitCode == 3, "\(result)")
        #expect(
            task.keys.isSuperset(of: [
                "id", "state", "node", "attempts", "exit_code", "signal", "stdout", "stderr", "error", "queued_ms",
                "started_ms", "finished_ms", "decision",
            ]), "\(task.keys.sorted())")
        #expect(task["state"].text == "failed")
        #expect(task["exit_code"].int == 3)
        #expect(task["signal"].isNull)
        #expect(task["stdout"].text == "out\n")
        #expect(task["stderr"].text == "err\n")
        #expect(task["attempts"].int == 1)
    }

    @Test func `detach and show print the same object as far as it is known`() async throws {
        let grid = try GridFixture.current
        let detached = try await grid.noizylab("run", "--detach", "-o", "json", "--", "echo", "later").json()
        let id = try #require(detached["id"].text)
        let shown = try await grid.ended(id)

        #expect(detached.keys.isSubset(of: shown.keys), "\(detached.keys.symmetricDifference(shown.keys))")
        #expect(shown["id"].text == id)
        #expect(shown["stdout"].text == "later\n")
    }

    @Test func `the status of a terminal is a table and of a pipe is plain`() async throws {
        let grid = try GridFixture.current
        let terminal = try await grid.onTerminal("noizylab status")
        let plain = try await grid.noizylab("status")
        let uncoloured = try await grid.onTerminal("NO_COLOR=1 noizylab status")

        #expect(terminal.stdout.contains("Mac-Pro"), "\(terminal)")
        #expect(plain.stdout.contains("Mac-Pro"), "\(plain)")
        #expect(!plain.stdout.contains("\u{1B}["), "no colour in a pipe")
        #expect(!uncoloured.stdout.contains("\u{1B}[3"), "no colour under NO_COLOR")
    }

    @Test(arguments: ["json", "ndjson", "name", "wide", "table"])
    func `the nodes are listed in each format`(format: String) async throws {
        let result = try await GridFixture.current.noizylab("node", "list", "-o", format)

        #expect(result.exitCode == 0, "\(result)")
        switch format {
        case "json": #expect(try result.json().items.count == 3)
        case "ndjson": #expect(try result.jsonLines().count == 3)
        case "name": #expect(Set(result.lines) == ["M2-Ultra", "HP-OMEN", "Mac-Pro"])
        default: #expect(result.stdout.contains("Mac-Pro"))
        }
    }

    @Test func `one node is shown with what it has`() async throws {
        let result = try await GridFixture.current.noizylab("node", "show", "HP-OMEN", "-o", "json")

        #expect(result.exitCode == 0, "\(result)")
        #expect(try result.json()["name"].text == "HP-OMEN")
        let unknown = try await GridFixture.current.noizylab("node", "show", "Atlantis")
        #expect(unknown.exitCode == 4, "\(unknown)")
        #expect(unknown.stderr.contains("Atlantis"))
    }

    @Test func `logs shows what a part wrote`() async throws {
        let result = try await GridFixture.current.noizylab("logs", "Mac-Pro")
        #expect(result.exitCode == 0, "\(result)")
        #expect(!result.stdout.isEmpty)
    }

    @Test func `version and completions answer without a grid`() async throws {
        let grid = try GridFixture()
        let version = try await grid.noizylab("version")
        #expect(version.exitCode == 0)
        #expect(version.stdout.contains("."), "\(version)")
        let completions = try await grid.noizylab("completions", "bash")
        #expect(completions.exitCode == 0, "\(completions)")
        #expect(completions.stdout.contains("noizylab"))
        await grid.remove()
    }
}
