import GridModel
import WinRM

/// A script that runs for ever on a host and prints lines. When it dies it is started again.
struct ScriptStream: Sendable {
    /// A script that dies sooner than this has something the matter with it, and is given up after a few times.
    private static let soundAfter = Duration.seconds(5)
    private static let deaths = 3
    private static let lineBytes = 65_536

    private let shell: RemoteShell
    private let script: String

    init(_ shell: RemoteShell, _ script: String) {
        self.shell = shell
        self.script = script
    }

    /// - Throws: when the shell is gone, or the script does not stay alive.
    func run(_ onLine: @Sendable (Substring) -> Void) async throws {
        var deaths = 0
        while true {
            let startedAt = ContinuousClock.now
            let said = try await once(onLine)
            deaths = startedAt.duration(to: .now) < Self.soundAfter ? deaths + 1 : 0
            guard deaths < Self.deaths else {
                throw WinRMError(
                    .badAnswer,
                    "the script that measures the host ends at once"
                        + (said.isEmpty ? "" : ": \(said.split(whereSeparator: \.isNewline).joined(separator: " "))"))
            }
        }
    }

    /// Gives back what it said on standard error.
    private func once(_ onLine: @Sendable (Substring) -> Void) async throws -> String {
        let command = WinRMNode.anyID()
        try await shell.start(PowerShell.waiting, id: command)
        try await shell.send(PowerShell.input(script: script), to: command, isEnd: true)
        var (line, errors): ([UInt8], [UInt8]) = ([], [])
        while true {
            guard let received = try await shell.receive(from: command) else { continue }
            for piece in received.pieces {
                guard piece.stream == .stdout else {
                    errors = Array((errors + piece.bytes).suffix(8_192))
                    continue
                }
                line += piece.bytes
                while let end = line.firstIndex(of: 10) {
                    onLine(Substring(decoding: line[..<end].filter { $0 != 13 }, as: UTF8.self))
                    line.removeSubrange(...end)
                }
                guard line.count <= Self.lineBytes else {
                    throw WinRMError(.badAnswer, "the other end does not speak as it should")
                }
            }
            if received.isDone {
                try await shell.signal(.terminate, to: command)
                return CLIXML.read(String(decoding: errors, as: UTF8.self)).text
            }
        }
    }
}
