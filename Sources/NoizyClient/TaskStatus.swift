package import GridWire

/// A task as the grid knows it at one moment.
public struct TaskStatus: Sendable, Hashable {
    public enum State: String, Sendable, Hashable, CaseIterable {
        case queued, assigned, running, succeeded, failed, cancelled
        case timedOut = "timed_out"
        case lost

        /// The rest never change again.
        public var isTerminal: Bool {
            switch self {
            case .queued, .assigned, .running: false
            case .succeeded, .failed, .cancelled, .timedOut, .lost: true
            }
        }
    }

    public let id: String
    public let key: String
    public let state: State
    /// Of the newest attempt; empty before the first.
    public let node: String
    public let attempts: Int
    public let exitCode: Int?
    public let signal: Int?
    /// Why it ended as it did, or why it waits; empty when there is nothing to say.
    public let reason: String
    /// Microseconds since 1970; nil when it has not happened.
    public let submittedAt: Int64
    public let startedAt: Int64?
    public let finishedAt: Int64?

    package init(_ info: Noizylab_Grid_TaskInfo) {
        id = info.id
        key = info.key
        state = State(rawValue: info.state) ?? .queued
        let newest = info.attempts.last
        node = newest?.node ?? ""
        attempts = info.attempts.count
        let outcome = newest?.outcome
        exitCode = outcome.flatMap { $0.hasExitCode ? Int($0.exitCode) : nil }
        signal = outcome.flatMap { $0.hasSignal ? Int($0.signal) : nil }
        reason = info.reason.isEmpty ? outcome?.error ?? "" : info.reason
        submittedAt = info.submittedAtUs
        startedAt = newest.flatMap { $0.startedAtUs == 0 ? nil : $0.startedAtUs }
        finishedAt = info.finishedAtUs == 0 ? nil : info.finishedAtUs
    }
}

/// Something a watched task did.
public enum TaskUpdate: Sendable, Hashable {
    case status(TaskStatus)
    /// In order over both streams, without gap or repeat. `omitted` bytes before these were not kept.
    case stdout([UInt8], omitted: Int64)
    case stderr([UInt8], omitted: Int64)
    case progress(percent: Double, stage: String)
}

/// How one task of many ended.
public struct TaskResult: Sendable, Hashable {
    /// Which request this answers, in the order they were given, from 0.
    public let index: Int
    /// Nil when the request was refused, or nothing is known of its end.
    public let state: TaskStatus.State?
    public let id: String
    public let node: String
    public let attempts: Int
    public let exitCode: Int?
    public let signal: Int?
    /// When they are small; else watch the task.
    public let stdout: [UInt8]
    public let stderr: [UInt8]
    /// Why it was refused or failed; empty on success.
    public let error: String

    init(index: Int, _ result: Noizylab_Grid_TaskResult) {
        self.index = index
        state = TaskStatus.State(rawValue: result.state)
        id = result.taskID
        node = result.node
        attempts = Int(result.attempts)
        exitCode = result.outcome.hasExitCode ? Int(result.outcome.exitCode) : nil
        signal = result.outcome.hasSignal ? Int(result.outcome.signal) : nil
        stdout = [UInt8](result.outcome.stdout)
        stderr = [UInt8](result.outcome.stderr)
        error = result.error.isEmpty ? result.outcome.error : result.error
    }

    /// The connection went while an ephemeral task was under way: nobody knows.
    init(index: Int, lost error: String) {
        self.index = index
        self.error = error
        (state, id, node, attempts, exitCode, signal, stdout, stderr) = (nil, "", "", 0, nil, nil, [], [])
    }
}
