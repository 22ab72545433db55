import GridWire
import NoizyClient

/// A task in words.
enum TaskText {
    static func type(_ spec: Noizylab_Grid_TaskSpec) -> String {
        switch spec.payload {
        case .command(let command): command.interpreter == "python" ? "python" : "shell"
        case .echo: "echo"
        case .network: "network_diagnostic"
        case nil: "-"
        }
    }

    /// What it runs, on one line.
    static func command(_ spec: Noizylab_Grid_TaskSpec) -> String {
        switch spec.payload {
        case .command(let command):
            command.interpreter.isEmpty ? quoted(command.arguments) : "\(command.interpreter): \(command.script)"
        case .echo(let echo): echo.text
        case .network(let check): "\(check.kind) \(check.host)" + (check.kind == "tcp" ? ":\(check.port)" : "")
        case nil: ""
        }
    }

    /// As it could be typed.
    static func quoted(_ arguments: [String]) -> String {
        arguments.map { argument in
            let isPlain =
                !argument.isEmpty
                && argument.utf8.allSatisfy { byte in
                    (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
                        || [0x2D, 0x2E, 0x2F, 0x5F, 0x3D, 0x3A, 0x2C, 0x2B, 0x25, 0x40].contains(byte)
                }
            return isPlain ? argument : "'" + argument.replacing("'", with: "'\\''") + "'"
        }.joined(separator: " ")
    }

    /// `running on Mac-Pro`, `queued: no node has room`.
    static func situation(_ info: Noizylab_Grid_TaskInfo) -> String {
        let node = info.attempts.last?.node ?? ""
        switch info.state {
        case "queued":
            return "queued" + (info.attempts.isEmpty ? "" : " again") + (info.reason.isEmpty ? "" : ": \(info.reason)")
        case "assigned": return "starting on \(node)"
        case "running": return (info.cancelRequested ? "being cancelled on " : "running on ") + node
        default:
            let attempts = info.attempts.count > 1 ? " after \(info.attempts.count) attempts" : ""
            return words(info.state) + (node.isEmpty ? "" : " on \(node)") + attempts
        }
    }

    /// Why an attempt ended, or is to end, as it did.
    static func why(_ attempt: Noizylab_Grid_AttemptInfo) -> String {
        guard !attempt.preemptedBy.isEmpty else { return attempt.outcome.error }
        let isRest = attempt.hasOutcome && !["cancelled", "lost"].contains(attempt.outcome.end)
        let text = "preempted by \(attempt.preemptedBy), priority \(attempt.preemptorPriority)"
        return isRest ? attempt.outcome.error : text
    }

    static func words(_ state: String) -> String { state == "timed_out" ? "timed out" : state }

    /// How it ended, for the line that follows its output.
    static func ending(_ info: Noizylab_Grid_TaskInfo) -> String {
        let outcome = info.attempts.last.flatMap { $0.hasOutcome ? $0.outcome : nil }
        var text = "\(info.id) \(situation(info))"
        if let outcome, outcome.hasExitCode, outcome.exitCode != 0 { text += ", exit code \(outcome.exitCode)" }
        if let outcome, outcome.hasSignal { text += ", signal \(outcome.signal)" }
        return text + ", \(TimeText.took(milliseconds: (info.finishedAtUs - info.submittedAtUs) / 1_000))"
    }
}

/// What a finished task means for the exit code of the command that ran it.
enum TaskEnding {
    /// A program's own code is passed through; a signal is 128 and its number, as shells have it.
    static func exitCode(_ info: Noizylab_Grid_TaskInfo) -> Int32 {
        let outcome = info.attempts.last.flatMap { $0.hasOutcome ? $0.outcome : nil }
        switch TaskStatus.State(rawValue: info.state) {
        case .succeeded: return ExitStatus.success.rawValue
        case .failed:
            if let outcome, outcome.hasExitCode, outcome.exitCode != 0 { return outcome.exitCode & 0xFF }
            if let outcome, outcome.hasSignal { return 128 + outcome.signal & 0x7F }
            return ExitStatus.failure.rawValue
        case .timedOut: return ExitStatus.timedOut.rawValue
        case .lost: return ExitStatus.unreachable.rawValue
        case .cancelled, .queued, .assigned, .running, nil: return ExitStatus.failure.rawValue
        }
    }

    /// A sentence for standard error; empty when the program's exit code says it all.
    static func failure(_ info: Noizylab_Grid_TaskInfo) -> String {
        let outcome = info.attempts.last.flatMap { $0.hasOutcome ? $0.outcome : nil }
        let hasSpoken =
            info.state == "failed" && outcome?.hasExitCode == true
            && ["", "ended with exit code \(outcome?.exitCode ?? 0)"].contains(outcome?.error ?? "")
        if info.state == "succeeded" || hasSpoken { return "" }
        let error = TaskDocument.error(info)
        return "task \(info.id) \(TaskText.situation(info))" + (error.isEmpty ? "" : ": \(error)")
    }
}
