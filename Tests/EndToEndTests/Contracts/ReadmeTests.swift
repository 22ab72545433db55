import Foundation
import Testing

/// The README promises nothing that was not run: every line of its `sh` blocks, in order, on a grid of its own.
@Suite(.serialized, .timeLimit(.minutes(3)))
struct ReadmeTests {
    /// The lines of each block fenced as `tag`, without comments.
    private func blocks(fencedAs tag: String) throws -> [[String]] {
        let text = try String(contentsOfFile: "\(Workspace.package)/README.md", encoding: .utf8)
        var blocks: [[String]] = []
        var block: [String]?
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if let lines = block {
                if line == "```" {
                    blocks.append(lines)
                    block = nil
                } else if !line.isEmpty, !line.hasPrefix("#") {
                    block = lines + [String(line)]
                }
            } else if line == "```\(tag)" {
                block = []
            }
        }
        return blocks
    }

    @Test func `every command of the README does what it says`() async throws {
        // What needs another machine stands in blocks with another tag.
        let blocks = try blocks(fencedAs: "sh")
        #expect(blocks.joined().count >= 10, "the README shows its commands in sh blocks")
        let grid = try GridFixture()
        var isStopped = true
        do {
            for line in blocks.joined() {
                // A section after the one that stops the grid is read by somebody who runs one.
                if isStopped, !line.hasPrefix("noizylab start") { try await grid.start() }
                let result = try await grid.shell(line, within: .seconds(60))
                #expect(result.exitCode == 0, "README: \(line)\n\(result)")
                isStopped = line == "noizylab stop"
            }
            if isStopped { try await grid.start() }
            try await grid.stopLeavingNothing()
        } catch {
            await grid.remove()
            throw error
        }
        await grid.remove()
    }

    @Test func `the README's Python program runs as it stands`() async throws {
        let program = try #require(blocks(fencedAs: "python").first).joined(separator: "\n")
        let stubs = try #require(
            blocks(fencedAs: "text").joined().first { $0.hasPrefix("python3 -m grpc_tools.protoc") })
        let grid = try GridFixture()
        do {
            try await grid.start()
            try await grid.succeeding(
                "cert", "issue", "studio-scripts", "--role", "submitter", "--out", "./studio-scripts")
            // This grid listens on a port of its own, the protos lie elsewhere, and Python is that of the tests.
            let port = try await grid.listenAddress().port
            let here = program.replacingOccurrences(of: "localhost:50051", with: "localhost:\(port)")
            let made = try await grid.shell(
                stubs.replacingOccurrences(of: "python3", with: Workspace.python())
                    .replacingOccurrences(of: "-I proto", with: "-I '\(Workspace.package)/proto'"))
            #expect(made.exitCode == 0, "\(made)")
            try here.write(toFile: "\(grid.scratch)/program.py", atomically: true, encoding: .utf8)
            let result = try await grid.shell("\(Workspace.python()) program.py")
            #expect(result.exitCode == 0, "\(result)")
            #expect(["Linux", "Darwin"].contains { result.stdout.hasPrefix($0) }, "\(result)")
            try await grid.stopLeavingNothing()
        } catch {
            await grid.remove()
            throw error
        }
        await grid.remove()
    }
}
