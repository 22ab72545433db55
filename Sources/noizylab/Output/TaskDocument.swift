import GridWire
import NoizyClient

/// What a task printed, collected for a document. Bounded, because it is held in memory.
struct CapturedOutput: Sendable {
    static let limitBytes = 64 << 20

    var stdout: [UInt8] = []
    var stderr: [UInt8] = []
    var isTruncated = false
    private var epoch: UInt32 = 0

    /// The newest attempt's output counts; an older one's is dropped when it begins.
    mutating func take(_ output: Noizylab_Grid_OutputUpdate) {
        if output.epoch > epoch {
            self = CapturedOutput()
            epoch = output.epoch
        }
        for chunk in output.chunks {
            if chunk.omittedBefore > 0 { isTruncated = true }
            if chunk.stream == 2 { add(chunk, to: \.stderr) } else { add(chunk, to: \.stdout) }
        }
    }

    private mutating func add(_ chunk: Noizylab_Grid_OutputChunk, to stream: WritableKeyPath<CapturedOutput, [UInt8]>) {
        let room = Self.limitBytes - self[keyPath: stream].count
        if chunk.data.count > room { isTruncated = true }
        self[keyPath: stream].append(contentsOf: chunk.data.prefix(max(0, room)))
    }
}

/// A task as `run -o json`, `task show -o json` and `task list -o json` print it: a contract.
enum TaskDocument {
    /// `output` nil: not looked at.
    static func make(_ info: Noizylab_Grid_TaskInfo, output: CapturedOutput?) -> JSONValue {
        let newest = info.attempts.last
        let outcome = newest.flatMap { $0.hasOutcome ? $0.outcome : nil }
        let isTerminal = TaskStatus.State(rawValue: info.state)?.isTerminal ?? false
        var members: [JSONValue.Member] = []
        func add(_ name: String, _ value: JSONValue) { members.append(.init(name: name, value: value)) }

        add("id", .string(info.id))
        add("state", .string(info.state))
        add("node", newest.map { .string($0.node) } ?? .null)
        add("attempts", JSONValue(info.attempts.count))
        add("exit_code", outcome.flatMap { $0.hasExitCode ? JSONValue($0.exitCode) : nil } ?? .null)
        add("signal", outcome.flatMap { $0.hasSignal ? JSONValue($0.signal) : nil } ?? .null)
        add("stdout", output.map { .string(String(decoding: $0.stdout, as: UTF8.self)) } ?? .null)
        add("stderr", output.map { .string(String(decoding: $0.stderr, as: UTF8.self)) } ?? .null)
        add("error", .string(error(info)))
        // Each counted from the submission: how long it was queued, when it started, when it ended.
        add("queued_ms", JSONValue(milliseconds(info, to: info.attempts.first?.assignedAtUs ?? info.finishedAtUs)))
        add("started_ms", JSONValue(milliseconds(info, to: newest?.startedAtUs ?? 0)))
        add("finished_ms", JSONValue(milliseconds(info, to: info.finishedAtUs)))
        add("decision", decision(info))
        add("key", info.key.isEmpty ? .null : .string(info.key))
        add("type", .string(TaskText.type(info.spec)))
        add("command", .string(TaskText.command(info.spec)))
        add("submitter", .string(info.spec.submitter))
        add("reason", .string(info.reason))
        add("submitted_at", JSONValue(TimeText.iso(microseconds: info.submittedAtUs)))
        add("started_at", JSONValue(TimeText.iso(microseconds: newest?.startedAtUs ?? 0)))
        add("finished_at", JSONValue(TimeText.iso(microseconds: info.finishedAtUs)))
        add("run_ms", outcome.map { .double(Double($0.runUs) / 1_000) } ?? .null)
        add("cancel_requested", .bool(info.cancelRequested && !isTerminal))
        if let output { add("output_truncated", .bool(output.isTruncated)) }
        add("history", .array(info.attempts.map(attempt)))
        return .object(members)
    }

    /// Empty unless something went wrong.
    static func error(_ info: Noizylab_Grid_TaskInfo) -> String {
        guard info.state != "succeeded" else { return "" }
        let outcome = info.attempts.last.flatMap { $0.hasOutcome ? $0.outcome : nil }
        // That it was lost is what the grid concluded, not what a node said.
        if info.state == TaskStatus.State.lost.rawValue, !info.reason.isEmpty { return info.reason }
        if let outcome, !outcome.error.isEmpty { return outcome.error }
        return TaskStatus.State(rawValue: info.state)?.isTerminal == true ? info.reason : ""
    }

    private static func milliseconds(_ info: Noizylab_Grid_TaskInfo, to microseconds: Int64) -> Int64? {
        microseconds == 0 ? nil : max(0, (microseconds - info.submittedAtUs) / 1_000)
    }

    /// How its node was chosen, as far as that is known.
    private static func decision(_ info: Noizylab_Grid_TaskInfo) -> JSONValue {
        let isPinned = !info.spec.node.isEmpty
        return .object([
            "policy": .string(isPinned ? "pinned" : "least-loaded"),
            "node": info.attempts.last.map { .string($0.node) } ?? (isPinned ? .string(info.spec.node) : .null),
            "reason": .string(
                info.attempts.isEmpty ? info.reason : isPinned ? "the submitter chose it" : "it had the most room"),
        ])
    }

    private static func attempt(_ attempt: Noizylab_Grid_AttemptInfo) -> JSONValue {
        .object([
            "epoch": JSONValue(attempt.epoch),
            "node": .string(attempt.node),
            "end": attempt.hasOutcome ? .string(attempt.outcome.end) : .null,
            "exit_code": attempt.hasOutcome && attempt.outcome.hasExitCode
                ? JSONValue(attempt.outcome.exitCode) : .null,
            "signal": attempt.hasOutcome && attempt.outcome.hasSignal ? JSONValue(attempt.outcome.signal) : .null,
            "error": .string(attempt.outcome.error),
            "gpus": .array(attempt.gpuIndices.map { JSONValue($0) }),
            "assigned_at": JSONValue(TimeText.iso(microseconds: attempt.assignedAtUs)),
            "started_at": JSONValue(TimeText.iso(microseconds: attempt.startedAtUs)),
            "finished_at": JSONValue(TimeText.iso(microseconds: attempt.finishedAtUs)),
            "user_ms": .double(Double(attempt.outcome.userUs) / 1_000),
            "system_ms": .double(Double(attempt.outcome.systemUs) / 1_000),
            "max_resident_bytes": JSONValue(attempt.outcome.maxResidentBytes),
            "preempted_by": attempt.preemptedBy.isEmpty ? .null : .string(attempt.preemptedBy),
        ])
    }
}
