import Executors
import GridModel
import Synchronization

/// An attempt that runs at the other end: puts together what the `ssh` process and the supervisor over there tell.
///
/// running → ending (cancelled or out of time; the control script ends the group) → over.
final class SSHAttempt: RunningAttempt {
    private enum Cause { case cancelled, timedOut }

    private struct State {
        var filter: TokenFilter
        var local: (any RunningAttempt)?
        var isStarted = false
        var isOver = false
        var cause: Cause?
        var timeoutMilliseconds: Int64 = 0
        /// The supervisor's last word.
        var end: AttemptOutcome?
    }

    private let ref: AttemptRef
    private let node: NodeName
    private let command: Command
    private let channel: ControlChannel
    private let timers: NodeExecutor
    private let events: @Sendable (AttemptEvent) -> Void
    private let state: Mutex<State>
    private let startedAt = SystemClock.monotonic()

    init(
        ref: AttemptRef, node: NodeName, command: Command, token: String, channel: ControlChannel, timers: NodeExecutor,
        events: @escaping @Sendable (AttemptEvent) -> Void
    ) {
        self.ref = ref
        self.node = node
        self.command = command
        self.channel = channel
        self.timers = timers
        self.events = events
        state = Mutex(State(filter: TokenFilter(token: token)))
    }

    func hold(_ local: any RunningAttempt, timeoutMilliseconds: Int64) {
        state.withLock { state in
            state.local = local
            state.timeoutMilliseconds = timeoutMilliseconds
        }
        guard timeoutMilliseconds > 0 else { return }
        timers.after(milliseconds: timeoutMilliseconds) { [weak self] in
            self?.finish(.timedOut, graceMilliseconds: 2_000)
        }
    }

    func cancel(graceMilliseconds: Int64) { finish(.cancelled, graceMilliseconds: graceMilliseconds) }

    func allowOutput(_ bytes: Int) { state.withLock { $0.local }?.allowOutput(bytes) }

    private func finish(_ cause: Cause, graceMilliseconds: Int64) {
        let goes = state.withLock { state in
            guard !state.isOver, state.cause == nil else { return false }
            state.cause = cause
            return true
        }
        guard goes else { return }
        let grace = min(max(graceMilliseconds, 0), 600_000)
        channel.send("end \(ref) \(grace / 50)\n")
        // A connection that hangs keeps nobody.
        timers.after(milliseconds: grace + 4_000) { [weak self] in
            self?.state.withLock { $0.local }?.cancel(graceMilliseconds: 0)
        }
    }

    // MARK: what the local process tells; one at a time, in order

    func heard(_ event: AttemptEvent) {
        switch event {
        case .started, .progress: break
        case .output(.stdout, let bytes): pass(.stdout, bytes)
        case .output(.stderr, let bytes): filter(bytes)
        case .finished(let outcome): ended(outcome)
        }
    }

    private func filter(_ bytes: [UInt8]) {
        let (output, words) = state.withLock { $0.filter.take(bytes) }
        let parts = words.map {
            $0.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: true).map(String.init)
        }
        if parts.contains(where: { $0.first == "start" }) { start() }
        if !output.isEmpty { pass(.stderr, output) }
        for part in parts where part.count == 3 {
            let outcome =
                part[0] == "end" ? end(part[1], part[2]) : part[0] == "cannot" ? refusal(part[1], part[2]) : nil
            if let outcome { state.withLock { $0.end = outcome } }
        }
        if bytes.count > output.count { allowOutput(bytes.count - output.count) }
    }

    private func pass(_ stream: OutputStream, _ bytes: [UInt8]) {
        start()
        events(.output(stream, bytes))
    }

    private func start() {
        let isFirst = state.withLock { state in
            defer { state.isStarted = true }
            return !state.isStarted
        }
        if isFirst { events(.started) }
    }

    private func end(_ code: String, _ rest: String) -> AttemptOutcome? {
        let numbers = rest.split(separator: " ").compactMap { Int64($0) }
        guard let code = Int32(code), numbers.count == 3 else { return nil }
        let signal = Int32(clamping: numbers[0])
        return AttemptOutcome(
            end: code == 0 && signal == 0 ? .succeeded : .failed, exitCode: signal == 0 ? code : nil,
            signal: signal == 0 ? nil : signal,
            error: signal != 0 ? "ended by signal \(signal)" : code == 0 ? "" : "ended with exit code \(code)",
            usage: Usage(userMicroseconds: numbers[1], systemMicroseconds: numbers[2]))
    }

    private func refusal(_ code: String, _ text: String) -> AttemptOutcome {
        guard let exit = Int32(code), exit != 0 else { return AttemptOutcome(end: .refused, error: text) }
        guard let number = Int32(text) else { return AttemptOutcome(end: .failed, exitCode: exit, error: text) }
        var name = ""
        if case .arguments(let arguments) = command.invocation { name = arguments[0] }
        let why =
            exit == 127
            ? (name.contains("/") ? "no such file on node \(node)" : "not found in PATH of node \(node)")
            : "\(systemErrorText(number)) on node \(node)"
        return AttemptOutcome(end: .failed, exitCode: exit, error: "cannot start '\(name)': \(why)")
    }

    private func ended(_ local: AttemptOutcome) {
        let (rest, told, cause, timeout) = state.withLock { state in
            state.isOver = true
            state.local = nil
            return (state.filter.rest(), state.end, state.cause, state.timeoutMilliseconds)
        }
        if !rest.isEmpty { pass(.stderr, rest) }
        var outcome =
            told
            ?? AttemptOutcome(end: .lost, error: "the SSH connection to node \(node) ended while the task ran")
        outcome.runMicroseconds = (SystemClock.monotonic().nanoseconds - startedAt.nanoseconds) / 1_000
        if told != nil {
            switch cause {
            case .cancelled: (outcome.end, outcome.error) = (.cancelled, "cancelled while it ran")
            case .timedOut:
                let limit = timeout % 1_000 == 0 ? "\(timeout / 1_000) s" : "\(timeout) ms"
                (outcome.end, outcome.error) = (.timedOut, "did not end within \(limit)")
            case nil: break
            }
        }
        events(.finished(outcome))
    }
}
