import Foundation
import TestSupport
import Testing

/// A task means the same on every node, however the coordinator reaches it.
@Suite(
    .enabled(if: LoopbackSSH.program != nil, "sshd is not installed"), .linked, .serialized, .timeLimit(.minutes(5)))
struct LinkConformanceTests {
    @Test(arguments: LinkedGrid.nodes)
    func `two streams, their order and the exit code`(node: String) async throws {
        let run = try await run(node, "echo one; echo two >&2; echo three; exit 7")

        #expect(run.stdout == "one\nthree\n")
        #expect(run.stderr.contains("two\n"))
        #expect(run.exitCode == 7)
    }

    @Test(arguments: LinkedGrid.nodes)
    func `output arrives while the program runs`(node: String) async throws {
        let run = try GridFixture.current.launch([
            "run", "--on", node, "--", "sh", "-c", "echo first; sleep 2; echo last",
        ])
        try await eventually("the first line comes") { run.lineTimes.count == 1 }
        #expect(run.isRunning)
        let result = try await run.finished()
        #expect(result.stdout == "first\nlast\n")
    }

    @Test(arguments: LinkedGrid.nodes)
    func `standard input, environment and folder`(node: String) async throws {
        let input = Data((0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 31) })
        let copy = try await GridFixture.current.noizylab(
            ["run", "--on", node, "--raw", "--stdin", "--", "od", "-An", "-v", "-tu1"], stdin: input)
        #expect(Data(copy.stdout.split(whereSeparator: \.isWhitespace).compactMap { UInt8($0) }) == input)

        let value = "it's \"$HOME\" `x` üñ"
        let variables = try await GridFixture.current.noizylab([
            "run", "--on", node, "--env", "A=\(value)", "--cwd", "/usr", "--", "sh", "-c",
            #"printf '%s|%s' "$A" "$PWD""#,
        ])
        #expect(variables.stdout == "\(value)|/usr", "\(variables)")
    }

    @Test(arguments: LinkedGrid.nodes)
    func `a signal is told from an exit code`(node: String) async throws {
        let killed = try await json(node, "kill -9 $$")
        let pretended = try await json(node, "exit 137")

        #expect(killed["signal"].int == 9 && killed["state"].text == "failed")
        #expect(pretended["signal"].isNull && pretended["exit_code"].int == 137)
    }

    @Test(arguments: LinkedGrid.nodes)
    func `a time-out ends the whole tree`(node: String) async throws {
        let mark = "mark-\(UUID().uuidString.prefix(8))"
        let task = try await GridFixture.current.noizylab(
            ["run", "--on", node, "--timeout", "1s", "-o", "json", "--", "sh", "-c", Self.tree(mark)])

        #expect(try task.json()["state"].text == "timed_out")
        #expect(task.exitCode == 6)
        try await eventually("nothing of it runs") { Self.living(mark).isEmpty }
    }

    @Test(arguments: LinkedGrid.nodes)
    func `a cancel ends the whole tree`(node: String) async throws {
        let grid = try GridFixture.current
        let mark = "mark-\(UUID().uuidString.prefix(8))"
        let task = try await grid.detached("--on", node, "--", "sh", "-c", Self.tree(mark))
        try await eventually("both run") { Self.living(mark).count >= 2 }
        try await grid.succeeding("task", "cancel", task)

        #expect(try await grid.ended(task)["state"].text == "cancelled")
        try await eventually("nothing of it runs") { Self.living(mark).isEmpty }
    }

    @Test(arguments: LinkedGrid.nodes)
    func `50 MB of any bytes arrive whole`(node: String) async throws {
        let script = "perl -e '$b = join \"\", map { chr } 0..255; print $b x 4096 for 1..50'"
        let sum = try await GridFixture.current.shell("noizylab run --raw --on \(node) -- \(script) | cksum")
        let expected = try await GridFixture.current.shell("\(script) | cksum")

        #expect(sum.stdout == expected.stdout)
        #expect(sum.stdout.contains(" 52428800"))
    }

    @Test(arguments: LinkedGrid.nodes)
    func `a program that says nothing for a while is left alone`(node: String) async throws {
        let run = try await run(node, "sleep 8; echo done")
        #expect(run.stdout == "done\n" && run.exitCode == 0)
    }

    @Test(arguments: LinkedGrid.nodes)
    func `a program that is not there is told as shells tell it`(node: String) async throws {
        let result = try await GridFixture.current.noizylab("run", "--on", node, "--", "no-such-program")
        #expect(result.exitCode == 127)
        #expect(result.stderr.contains("cannot start 'no-such-program': not found in PATH of node \(node)"))
    }

    private func run(_ node: String, _ script: String) async throws -> ProgramResult {
        try await GridFixture.current.noizylab("run", "--on", node, "--", "sh", "-c", script)
    }

    private func json(_ node: String, _ script: String) async throws -> JSON {
        try await GridFixture.current.noizylab("run", "--on", node, "-o", "json", "--", "sh", "-c", script).json()
    }

    /// A shell and a child of it, both with the mark among their words.
    private static func tree(_ mark: String) -> String { "sh -c 'sleep 1000; : \(mark)' & wait; : \(mark)" }

    private static func living(_ mark: String) -> [ProcessTable.Entry] {
        ProcessTable.all().filter { entry in
            entry.state != "Z" && entry.arguments.count == 3 && entry.arguments[0].hasSuffix("sh")
                && entry.arguments[2].contains(mark)
        }
    }
}
