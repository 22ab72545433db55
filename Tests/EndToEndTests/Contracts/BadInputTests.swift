import Foundation
import Testing

/// Input that is wrong, too much or absurd: a sentence and an exit code, and the grid goes on. (What a command line
/// cannot carry, such as NUL bytes and 10 MiB arguments, is sent by the Python client.)
@Suite(.lab, .serialized, .timeLimit(.minutes(2)))
struct BadInputTests {
    @Test(arguments: ["-5s", "0s", "99999999999999999999s", "1e400s", "soon", "5 parsecs", "NaN"])
    func `an absurd time-out is wrong usage`(timeout: String) async throws {
        let result = try await GridFixture.current.noizylab("run", "--timeout=\(timeout)", "--", "true")
        #expect(result.exitCode == 2, "\(result)")
        #expect(result.stderr.contains("timeout"), "\(result)")
    }

    @Test(arguments: ["30d", "8000h", "1ms"])
    func `a long time-out lets it end, and a short one does not`(timeout: String) async throws {
        let result = try await GridFixture.current.noizylab("run", "--timeout", timeout, "--", "sleep", "0.2")
        #expect(result.exitCode == (timeout == "1ms" ? 6 : 0), "\(result)")
    }

    @Test func `words that are not UTF-8 are refused and never silently changed`() async throws {
        let result = try await GridFixture.current.shell(#"noizylab run -- echo $'caf\xe9'"#)
        #expect(result.exitCode == 2, "\(result)")
        #expect(result.stderr.contains("UTF-8"), "\(result)")
    }

    @Test func `a very long argument runs, and what no program could be given is refused with a sentence`() async throws
    {
        let grid = try GridFixture.current
        let long = String(repeating: "x", count: 100_000)
        let fits = try await grid.noizylab("run", "--", "sh", "-c", "printf %s \"$1\" | wc -c", "sh", long)
        #expect(fits.stdout.trimmingCharacters(in: .whitespacesAndNewlines) == "100000", "\(fits.stderr)")

        let input = try await grid.noizylab(
            ["run", "--stdin", "--", "wc", "-c"], stdin: Data(repeating: 65, count: 80 << 20))
        #expect(input.exitCode == 2, "\(input)")
        #expect(input.stderr.contains("MiB"), "it says how much is allowed\n\(input)")
    }

    @Test func `a key, a folder and variables are checked`() async throws {
        let grid = try GridFixture.current
        let cases = [
            ["run", "--key", String(repeating: "k", count: 5_000), "--", "true"],
            ["run", "--key", "", "--", "true"],
            ["run", "--cwd", "not/absolute", "--", "true"],
            ["run", "--env", "=value", "--", "true"],
            ["run", "--", ""],
        ]
        for arguments in cases {
            let result = try await grid.noizylab(arguments)
            #expect(result.exitCode == 2, "\(arguments.map { $0.prefix(40) }): \(result.exitCode) \(result.stderr)")
            #expect(!result.stderr.isEmpty)
        }
    }

    @Test func `after all that the grid is as well as before`() async throws {
        let grid = try GridFixture.current
        #expect(try await grid.noizylab("run", "--", "echo", "well").stdout == "well\n")
        #expect(try await grid.nodeStates().values.allSatisfy { $0 == "online" })
    }
}
