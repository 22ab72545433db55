import Foundation
import Testing

/// The README promises nothing that was not run: every line of its `sh` blocks, in order, on a grid of its own.
@Suite(.serialized, .timeLimit(.minutes(3)))
struct ReadmeTests {
    /// The lines of each block fenced as `sh`. What needs another machine stands in blocks with another tag.
    private func blocks() throws -> [[String]] {
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
            } else if line == "```sh" {
                block = []
            }
        }
        return blocks
    }

    @Test func `every command of the README does what it says`() async throws {
        let blocks = try blocks()
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
}
