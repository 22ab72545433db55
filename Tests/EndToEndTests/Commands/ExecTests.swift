import Foundation
import Testing

/// `noizylab exec`: one command on many nodes, a row for every target whatever happens.
@Suite(.lab, .serialized, .timeLimit(.minutes(2)))
struct ExecTests {
    @Test func `exec --all gives a row for every node`() async throws {
        let result = try await GridFixture.current.noizylab("exec", "--all", "--", "hostname")

        #expect(result.exitCode == 0, "\(result)")
        for node in ["M2-Ultra", "HP-OMEN", "Mac-Pro"] {
            #expect(result.lines.contains { $0.contains(node) }, "a row for \(node)\n\(result)")
        }
    }

    @Test func `it is exit 3 when some fail, and each row says how it went`() async throws {
        let grid = try GridFixture.current
        let only = "\(grid.scratch)/only-one"
        let result = try await grid.noizylab(
            "exec", "--all", "-o", "json", "--", "sh", "-c", "mkdir \(only) && echo first")

        #expect(result.exitCode == 3, "\(result)")
        let rows = try result.json().items
        #expect(Set(rows.compactMap { $0["node"].text }) == ["M2-Ultra", "HP-OMEN", "Mac-Pro"])
        #expect(rows.filter { $0["state"].text == "succeeded" }.count == 1)
        #expect(rows.filter { $0["exit_code"].int == 1 }.count == 2)
    }

    @Test func `with one target the exit code passes through`() async throws {
        let result = try await GridFixture.current.noizylab("exec", "HP-OMEN", "--", "sh", "-c", "exit 9")
        #expect(result.exitCode == 9, "\(result)")
    }

    @Test func `named nodes are the targets, an unknown one is a row and exit 4 or 3`() async throws {
        let grid = try GridFixture.current
        let two = try await grid.noizylab("exec", "HP-OMEN,Mac-Pro", "-o", "json", "--", "echo", "hi")
        #expect(two.exitCode == 0, "\(two)")
        #expect(try two.json().items.count == 2)

        let unknown = try await grid.noizylab("exec", "HP-OMEN,Atlantis", "--", "echo", "hi")
        #expect([3, 4].contains(unknown.exitCode), "\(unknown)")
        #expect((unknown.stdout + unknown.stderr).contains("Atlantis"), "\(unknown)")
    }

    @Test func `without a target or a command it is wrong usage`() async throws {
        for arguments in [["exec"], ["exec", "--all"], ["exec", "--all", "--"]] {
            let result = try await GridFixture.current.noizylab(arguments)
            #expect(result.exitCode == 2, "\(result)")
        }
    }
}
