package import Executors
import Foundation
import Subprocess

/// One script on another machine, over a connection of its own: what is done there once, and not for a task.
package struct SSHErrand: Sendable {
    private let settings: SSHSettings
    private let environment: [String: String]

    /// - Parameter environment: what OpenSSH needs of ours: `HOME`, `PATH`, `SSH_AUTH_SOCK`.
    package init(settings: SSHSettings, environment: [String: String]) {
        self.settings = settings
        self.environment = environment
    }

    /// As a person would type it, to see what the matter is.
    package var command: String { settings.command }

    /// What the script, in POSIX sh, printed. It reads `words` and then the file from standard input, so none of them
    /// stands in a process list.
    ///
    /// - Throws: `RoadFailure`: the machine cannot be reached, or the script said what went wrong and ended with another
    ///   code than 0.
    package func run(
        _ script: String, words: String = "", file: String? = nil, within limit: Duration = .seconds(30)
    ) async throws(RoadFailure) -> String {
        let input = ErrandInput(head: Array((ShellText.line(script) + words).utf8), file: file)
        let outcome = await withTaskGroup(of: Outcome.self) { group in
            group.addTask { await once(input) }
            group.addTask {
                try? await Task.sleep(for: limit)
                return .late
            }
            defer { group.cancelAll() }
            return await group.next() ?? .late
        }
        switch outcome {
        case .late:
            throw RoadFailure(
                reason: "\(settings.place) did not answer within \(limit.components.seconds) s",
                remedy: settings.command)
        case .noProcess(let words): throw RoadFailure(reason: "ssh cannot be started: \(words)")
        // OpenSSH's own failures; no script of ours ends so.
        case .ended(255, _, let said): throw SSHFailure.explain(said, settings)
        case .ended(0, let printed, _): return printed
        case .ended(let code, let printed, let said):
            let lines = (said.isEmpty ? printed : said).split(whereSeparator: \.isNewline)
            throw RoadFailure(
                reason: lines.last.map(String.init) ?? "the script ended with exit code \(code)",
                remedy: settings.command)
        }
    }

    private enum Outcome: Sendable {
        case ended(Int32, printed: String, said: String)
        case noProcess(String)
        case late
    }

    private func once(_ input: ErrandInput) async -> Outcome {
        do {
            let result = try await Subprocess.run(
                .name("ssh"), arguments: Arguments(settings.errandArguments), environment: .exactly(environment),
                input: input, output: .string(limit: Self.outputLimit), error: .string(limit: Self.outputLimit))
            let code: Int32 =
                switch result.terminationStatus {
                case .exited(let code): code
                default: 1
                }
            return .ended(code, printed: result.standardOutput, said: result.standardError)
        } catch {
            return .noProcess("\(error)")
        }
    }

    private static let outputLimit = 256 * 1024
}

/// A few lines, and a file behind them.
private struct ErrandInput: InputProtocol {
    let head: [UInt8]
    let file: String?

    func write(with writer: StandardInputWriter) async throws {
        // Who ended before it had read all says why by itself.
        guard (try? await writer.write(head)) != nil, let file else { return }
        let handle = try FileHandle(forReadingFrom: URL(fileURLWithPath: file))
        defer { try? handle.close() }
        while let piece = try handle.read(upToCount: 1 << 20), !piece.isEmpty {
            guard (try? await writer.write(Array(piece))) != nil else { return }
        }
    }
}
