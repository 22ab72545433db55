import Foundation
import TestSupport
import Testing

/// `noizylab run`: a command on the grid that feels like one on this machine.
@Suite(.lab, .serialized, .timeLimit(.minutes(3)))
struct RunTests {
    @Test func `output arrives as it is printed`() async throws {
        let run = try GridFixture.current.launch([
            "run", "--on", "Mac-Pro", "--", "sh", "-c", "for i in 1 2 3; do echo $i; sleep 1; done",
        ])
        try await eventually("the first line comes") { run.lineTimes.count >= 1 }
        let wasRunning = run.isRunning
        let result = try await run.finished()

        #expect(wasRunning, "the first line came before the end")
        #expect(result.exitCode == 0, "\(result)")
        #expect(run.lineTimes.map(\.line) == ["1", "2", "3"])
        for (earlier, later) in zip(run.lineTimes, run.lineTimes.dropFirst()) {
            let gap = (later.at - earlier.at).inSeconds
            #expect((0.6...1.6).contains(gap), "the lines came \(gap) s apart")
        }
    }

    @Test(arguments: [0, 1, 2, 3, 5, 42, 127, 255])
    func `the exit code is the command's own`(code: Int32) async throws {
        let result = try await GridFixture.current.noizylab("run", "--", "sh", "-c", "exit \(code)")
        #expect(result.exitCode == code, "\(result)")
    }

    @Test func `what an ephemeral task did is told, however soon it ended`() async throws {
        for number in 1...20 {
            let result = try await GridFixture.current.noizylab(
                "run", "--durability", "ephemeral", "--", "sh", "-c", "echo \(number); exit 3")
            #expect(result.stdout == "\(number)\n" && result.exitCode == 3, "\(result)")
        }
    }

    @Test(arguments: [SIGTERM, SIGKILL, SIGSEGV])
    func `a signal's end is told as a shell tells it`(number: Int32) async throws {
        let grid = try GridFixture.current
        let plain = try await grid.noizylab("run", "--", "sh", "-c", "kill -\(number) $$")
        let json = try await grid.noizylab("run", "-o", "json", "--", "sh", "-c", "kill -\(number) $$").json()

        #expect(plain.exitCode == 128 + number, "\(plain)")
        #expect(json["signal"].int == Int(number))
        #expect(json["state"].text == "failed")
    }

    @Test func `stdout and stderr stay apart`() async throws {
        let result = try await GridFixture.current.noizylab(
            "run", "--", "sh", "-c", "echo to out; echo to err >&2; echo out again")

        #expect(result.stdout == "to out\nout again\n")
        #expect(result.stderr.contains("to err\n"), "\(result)")
        #expect(!result.stderr.contains("to out"))
    }

    @Test func `arguments arrive as they were given, with no shell between`() async throws {
        let arguments = ["a b", "", "$HOME", "`id`", "*", "--flag", "-x", "\"quoted\"", "új\nline", "ü", "a'b"]
        let result = try await GridFixture.current.noizylab(
            ["run", "--", "python3", "-c", "import sys, json; print(json.dumps(sys.argv[1:]))"] + arguments)

        #expect(try result.json().items.map(\.text) == arguments, "\(result)")
    }

    @Test func `a shell is used when it is asked for`() async throws {
        let result = try await GridFixture.current.noizylab(
            "run", "--shell", "--", "echo one | tr a-z A-Z && echo $((6*7))")
        #expect(result.stdout == "ONE\n42\n", "\(result)")
    }

    @Test func `standard input reaches the command`() async throws {
        let result = try await GridFixture.current.noizylab(
            ["run", "--stdin", "--", "tr", "a-z", "A-Z"], stdin: Data("hello\nworld\n".utf8))
        #expect(result.stdout == "HELLO\nWORLD\n", "\(result)")
    }

    @Test func `without --stdin a command reads an empty input and never ours`() async throws {
        let result = try await GridFixture.current.noizylab(["run", "--", "cat"], stdin: Data("not for the grid".utf8))
        #expect(result.exitCode == 0, "\(result)")
        #expect(result.stdout.isEmpty, "\(result)")
    }

    @Test func `the environment is added to, name by name`() async throws {
        let result = try await GridFixture.current.noizylab(
            "run", "--env", "COLOUR=blue green", "--env", "EMPTY=", "--", "sh", "-c",
            "echo \"[$COLOUR][$EMPTY][${PATH:+path}]\"")
        #expect(result.stdout == "[blue green][][path]\n", "\(result)")
    }

    @Test func `a working folder is used, and by default a fresh one`() async throws {
        let grid = try GridFixture.current
        let given = try await grid.noizylab("run", "--cwd", grid.scratch, "--", "pwd")
        let first = try await grid.noizylab("run", "--", "sh", "-c", "ls -A | wc -l; touch here")
        let second = try await grid.noizylab("run", "--", "sh", "-c", "ls -A | wc -l")
        let missing = try await grid.noizylab("run", "--cwd", "/no/such/folder", "--", "pwd")

        #expect(given.stdout == "\(grid.scratch)\n", "\(given)")
        #expect(first.stdout.trimmingCharacters(in: .whitespacesAndNewlines) == "0", "\(first)")
        #expect(second.stdout.trimmingCharacters(in: .whitespacesAndNewlines) == "0", "\(second)")
        #expect(missing.exitCode != 0)
        #expect(missing.stderr.contains("/no/such/folder"), "\(missing)")
    }

    @Test func `a time-out ends the whole process tree and is exit 6`() async throws {
        let grid = try GridFixture.current
        let marker = "\(grid.scratch)/child-\(UInt32.random(in: 0...UInt32.max))"
        let result = try await grid.noizylab(
            "run", "--timeout", "1s", "--", "sh", "-c", "(sleep 300; echo \(marker)) & echo begun; wait")

        #expect(result.exitCode == 6, "\(result)")
        #expect(result.stdout == "begun\n")
        #expect(result.took < .seconds(12), "\(result.took)")
        try await eventually("the child has gone too") {
            !ProcessTable.all().contains { entry in entry.arguments.contains { $0.contains(marker) } }
        }
    }

    @Test func `a program that is not there is a failure with a sentence`() async throws {
        let result = try await GridFixture.current.noizylab("run", "--", "no-such-program-anywhere")
        #expect([1, 126, 127].contains(result.exitCode), "\(result)")
        #expect(result.stderr.contains("no-such-program-anywhere"), "\(result)")
    }

    @Test func `an unknown node is exit 4`() async throws {
        let result = try await GridFixture.current.noizylab("run", "--on", "Atlantis", "--", "true")
        #expect(result.exitCode == 4, "\(result)")
        #expect(result.stderr.contains("Atlantis"), "\(result)")
    }

    @Test(arguments: [
        ["run"], ["run", "--"], ["run", "--no-such-flag", "--", "true"], ["run", "--timeout", "soon", "--", "true"],
        ["run", "--retries", "-1", "--", "true"], ["run", "--retries", "101", "--", "true"],
        ["run", "--priority", "high", "--", "true"], ["run", "--memory", "lots", "--", "true"],
        ["run", "--on-lost", "cry", "--", "true"], ["run", "--env", "NOVALUE", "--", "true"],
        ["run", "--on", "not a name", "--", "true"], ["teleport"], ["task", "show"],
    ])
    func `wrong usage is exit 2 and says what is wrong`(arguments: [String]) async throws {
        let result = try await GridFixture.current.noizylab(arguments)
        #expect(result.exitCode == 2, "\(result)")
        #expect(!result.stderr.isEmpty)
    }

    @Test(arguments: ["M2-Ultra", "HP-OMEN", "Mac-Pro"])
    func `it runs on the node that is named`(node: String) async throws {
        let task = try await GridFixture.current.noizylab("run", "--on", node, "-o", "json", "--", "true").json()
        #expect(task["node"].text == node)
    }

    @Test func `a failing command is tried again as often as allowed`() async throws {
        let grid = try GridFixture.current
        let tries = "\(grid.scratch)/tries"
        let twice = try await grid.noizylab(
            "run", "--retries", "2", "-o", "json", "--", "sh", "-c",
            "echo try >> \(tries); [ $(wc -l < \(tries)) -ge 2 ]")
        #expect(twice.exitCode == 0, "\(twice)")
        #expect(try twice.json()["attempts"].int == 2)
        #expect(try String(contentsOfFile: tries, encoding: .utf8) == "try\ntry\n")

        let never = try await grid.noizylab("run", "--retries", "1", "-o", "json", "--", "false")
        #expect(never.exitCode == 1, "\(never)")
        #expect(try never.json()["attempts"].int == 2)
    }

    @Test func `the same key gives the same task, and other words under it are refused`() async throws {
        let grid = try GridFixture.current
        let runs = "\(grid.scratch)/keyed"
        let arguments = ["run", "--key", "once-only", "-o", "json", "--", "sh", "-c", "echo ran | tee -a \(runs)"]
        let first = try await grid.noizylab(arguments).json()
        let second = try await grid.noizylab(arguments).json()
        let other = try await grid.noizylab("run", "--key", "once-only", "--", "echo", "something else")

        #expect(first["id"] == second["id"])
        #expect(second["stdout"].text == "ran\n")
        #expect(try String(contentsOfFile: runs, encoding: .utf8) == "ran\n", "it ran once")
        #expect(other.exitCode == 2 || other.exitCode == 1, "\(other)")
        #expect(other.stderr.contains("once-only"), "\(other)")
    }

    @Test func `detach prints the id at once and the task goes on`() async throws {
        let grid = try GridFixture.current
        let result = try await grid.noizylab("run", "--detach", "--", "sh", "-c", "sleep 1; echo done")
        let id = result.stdout.trimmingCharacters(in: .whitespacesAndNewlines)

        #expect(result.exitCode == 0)
        #expect(result.took < .seconds(1))
        #expect(id.count == 8, "\(result)")
        #expect(try await grid.ended(id)["stdout"].text == "done\n")
    }

    @Test func `an interrupt cancels what is watched and is exit 130`() async throws {
        let grid = try GridFixture.current
        let run = try grid.launch(["run", "--key", "interrupted", "--", "sh", "-c", "echo begun; sleep 300"])
        try await eventually("it runs") { run.stdout == "begun\n" }
        run.signal(SIGINT)
        let result = try await run.finished(within: .seconds(20))

        #expect(result.exitCode == 130, "\(result)")
        #expect(try await grid.ended("interrupted")["state"].text == "cancelled")
    }

    @Test func `more than any node has is refused, more than is free waits, and both say why`() async throws {
        let grid = try GridFixture.current
        let refused = try await grid.noizylab("run", "--detach", "--cpu", "4000", "--", "true")
        #expect([1, 2].contains(refused.exitCode), "\(refused)")
        #expect(refused.stderr.contains("4000"), "\(refused)")

        let cores = try #require(try await grid.noizylab("node", "show", "Mac-Pro", "-o", "json").json()["cores"].int)
        let first = try await grid.detached("--on", "Mac-Pro", "--cpu", "\(cores)", "--", "sleep", "300")
        try await eventually("it runs") { try await grid.task(first)["state"].text == "running" }
        let second = try await grid.detached("--on", "Mac-Pro", "--cpu", "1", "--", "echo", "my turn")
        let task = try await grid.task(second)
        #expect(task["state"].text == "queued", "\(task)")
        #expect(task["reason"].text?.isEmpty == false, "it says why it waits: \(task)")
        try await grid.succeeding("task", "cancel", first)
        #expect(try await grid.ended(second)["stdout"].text == "my turn\n")
        #expect(try await grid.task(first)["state"].text == "cancelled")
    }

    @Test func `on a terminal the run is shown live and its output is all there`() async throws {
        let result = try await GridFixture.current.onTerminal(
            "noizylab run -- sh -c 'echo first; sleep 1; echo second'")
        #expect(result.exitCode == 0, "\(result)")
        #expect(result.stdout.contains("first"))
        #expect(result.stdout.contains("second"))
    }
}
