import Foundation
import TestSupport
import Testing

/// What a task prints comes back byte for byte, however much, of whatever kind.
@Suite(.lab, .serialized, .timeLimit(.minutes(5)))
struct OutputTests {
    @Test func `a megabyte comes back exactly`() async throws {
        let result = try await GridFixture.current.shell(
            """
            diff <(noizylab run -- sh -c 'yes 0123456789abcdef | head -c 1000000' | sha256sum) \
                 <(yes 0123456789abcdef | head -c 1000000 | sha256sum) && echo same
            """)
        #expect(result.stdout == "same\n", "\(result)")
    }

    @Test func `a hundred megabytes come back exactly where the limit allows them`() async throws {
        let grid = try GridFixture()
        do {
            try """
            [coordinator]
            listen = "127.0.0.1:0"
            edge = "127.0.0.1:0"
            [tasks]
            output_limit = "200MiB"
            """.write(toFile: "\(grid.scratch)/large.toml", atomically: true, encoding: .utf8)
            try await grid.start(["--config", "\(grid.scratch)/large.toml"])
            let result = try await grid.shell(
                """
                diff <(noizylab run -- sh -c 'seq 20000000 | head -c 100000000' | sha256sum) \
                     <(seq 20000000 | head -c 100000000 | sha256sum) && echo same
                """, within: .seconds(120))
            #expect(result.stdout == "same\n", "\(result)")
            try await grid.stopLeavingNothing()
        } catch {
            await grid.remove()
            throw error
        }
        await grid.remove()
    }

    @Test func `beyond the limit the beginning, a marker and the end are kept`() async throws {
        let grid = try GridFixture.current
        let live = try await grid.noizylab("run", "--key", "capped", "--", "seq", "15000000", within: .seconds(120))
        #expect(live.exitCode == 0, "\(live.exitCode) \(live.stderr)")
        let later = try await grid.noizylab("task", "logs", "capped", within: .seconds(120))

        #expect(live.stdoutData.count > 64 << 20)
        #expect(later.stdout.hasPrefix("1\n2\n3\n"), "the beginning")
        #expect(later.stdout.hasSuffix("14999999\n15000000\n"), "the end: \(later.stdout.suffix(100))")
        #expect(((64 << 20)...(80 << 20)).contains(later.stdoutData.count), "\(later.stdoutData.count) bytes were kept")
        #expect(later.stderr.contains("not kept"), "a marker says how much is missing: \(later.stderr.prefix(300))")
    }

    @Test func `beyond a client's quota only ends are kept, and nothing is taken, over a restart`() async throws {
        let grid = try GridFixture()
        do {
            try """
            [coordinator]
            listen = "127.0.0.1:0"
            edge = "127.0.0.1:0"
            [limits]
            stored_output = "1MiB"
            """.write(toFile: "\(grid.scratch)/quota.toml", atomically: true, encoding: .utf8)
            try await grid.start(["--config", "\(grid.scratch)/quota.toml"])
            let first = try await grid.noizylab("run", "--key", "much", "--", "seq", "1000000", within: .seconds(60))
            #expect(first.exitCode == 0, "what runs goes on: \(first.stderr)")
            let kept = try await grid.noizylab("task", "logs", "much")
            #expect(kept.stdout.hasPrefix("1\n2\n3\n") && kept.stdout.hasSuffix("999999\n1000000\n"))
            #expect(kept.stdoutData.count < 4 << 20, "\(kept.stdoutData.count) of 6.9 MB")
            #expect(kept.stderr.contains("not kept"), "\(kept.stderr.prefix(300))")

            for _ in 0..<2 {
                try await eventually("the quota is full") {
                    let next = try await grid.noizylab("run", "--", "true")
                    return next.exitCode == 1 && next.stderr.contains("limits.stored_output")
                }
                try await grid.succeeding("stop")
                try await grid.start(["--config", "\(grid.scratch)/quota.toml"])
            }
            try await grid.stopLeavingNothing()
        } catch {
            await grid.remove()
            throw error
        }
        await grid.remove()
    }

    @Test func `every byte there is comes back`() async throws {
        let grid = try GridFixture.current
        let program =
            "import sys, random; random.seed(7); "
            + "sys.stdout.buffer.write(bytes(range(256)) + bytes(random.randrange(256) for _ in range(300000)))"
        let there = try await grid.noizylab("run", "--", "python3", "-c", program)
        let here = try await RunningProgram(
            "/usr/bin/env", ["python3", "-c", program], environment: grid.environment
        ).finished()

        #expect(there.stdoutData == here.stdoutData)
        #expect(here.stdoutData.count == 300_256)
    }

    @Test func `Unicode comes back, also where a character is printed in pieces`() async throws {
        let text = "ünïcödé ☃ 🜁 中文 👩‍👩‍👧‍👦"
        let whole = try await GridFixture.current.noizylab("run", "--", "echo", text)
        let pieces = try await GridFixture.current.noizylab(
            "run", "--", "sh", "-c", "printf '\\342'; sleep 0.2; printf '\\230'; sleep 0.2; printf '\\203\\n'")
        #expect(whole.stdout == text + "\n")
        #expect(pieces.stdout == "☃\n")
    }

    @Test func `a last line without a newline and an empty output stay what they are`() async throws {
        #expect(try await GridFixture.current.noizylab("run", "--", "printf", "no newline").stdout == "no newline")
        #expect(try await GridFixture.current.noizylab("run", "--", "true").stdoutData.isEmpty)
    }

    @Test func `output that would seize a terminal is neutralised there and raw in a pipe`() async throws {
        let grid = try GridFixture.current
        let hostile = #"printf '\033]0;evil title\007\033[2J\033[31mred\033]52;c;ZXZpbA==\007 \302\233 end\n'"#
        let raw = try await grid.noizylab("run", "--", "sh", "-c", hostile)
        let shown = try await grid.onTerminal("noizylab run -- sh -c \"\(hostile.replacing("\\", with: "\\\\"))\"")

        #expect(raw.stdout.contains("\u{1B}]0;evil title\u{07}\u{1B}[2J"), "\(raw)")
        #expect(shown.stdout.contains("evil title"), "the text is there\n\(shown)")
        #expect(!shown.stdout.contains("\u{1B}]0;evil"), "no title is set")
        #expect(!shown.stdout.contains("\u{1B}]52;"), "the clipboard is not touched")
        #expect(!shown.stdoutData.contains([0xC2, 0x9B]), "no C1 control")
    }

    @Test func `hostile names cannot seize the terminal of whoever lists them`() async throws {
        let grid = try GridFixture.current
        _ = try await grid.noizylab("run", "--key", "k\u{1B}]0;evil", "--", "no-such\u{1B}]0;evil\u{07}")
        for command in ["task list", "task list -o wide", "events --last 50"] {
            let shown = try await grid.onTerminal("noizylab \(command)")
            #expect(shown.exitCode == 0, "\(shown)")
            #expect(!shown.stdout.contains("\u{1B}]0;evil"), "\(command)")
        }
    }

    @Test func `a reader that stops early ends the run quietly`() async throws {
        let result = try await GridFixture.current.shell("noizylab run -- seq 1000000 | head -n 2")
        #expect(result.stdout == "1\n2\n", "\(result)")
        #expect(!result.stderr.lowercased().contains("fatal"), "\(result)")
    }
}
