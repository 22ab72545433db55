import Executors
import GridModel
import Synchronization

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// A node's executor in folders of its own, removed with it.
final class TestNode: Sendable {
    let folder: String
    var workFolder: String { folder + "/work" }
    let executor: NodeExecutor
    private let next = Atomic<UInt64>(1)

    init(variables: [String: String] = [:], change: (inout ExecutorSettings) -> Void = { _ in }) {
        folder = Folders.makeTemporary("/tmp/noizylab-executors-") ?? "/nonexistent"
        var environment = BaseEnvironment.ofThisProcess().variables
        environment.merge(variables) { $1 }
        var settings = ExecutorSettings(
            node: NodeName(checked: "bench"), workFolder: folder + "/work", recordsFolder: folder + "/attempts",
            environment: BaseEnvironment(variables: environment))
        change(&settings)
        executor = NodeExecutor(settings: settings)
    }

    deinit {
        executor.stop()
        Folders.remove(folder)
    }

    func attempt(
        _ payload: TaskPayload, timeoutMilliseconds: Int64 = 0, gpuIndices: [Int] = []
    ) -> AttemptStart {
        let task = TaskID(number: next.add(1, ordering: .relaxed).newValue)
        return AttemptStart(
            ref: AttemptRef(task: task, epoch: 1),
            spec: TaskSpec(payload: payload, timeoutMilliseconds: timeoutMilliseconds), gpuIndices: gpuIndices)
    }

    /// Starts it; the attempt's events can then be waited for.
    func start(_ payload: TaskPayload, timeoutMilliseconds: Int64 = 0, window: Int = 1 << 30) -> TestAttempt {
        let attempt = TestAttempt()
        let start = self.attempt(payload, timeoutMilliseconds: timeoutMilliseconds)
        attempt.hold(executor.start(start, window: window) { attempt.take($0) })
        return attempt
    }

    func run(_ payload: TaskPayload, timeoutMilliseconds: Int64 = 0) async -> TestAttempt {
        let attempt = start(payload, timeoutMilliseconds: timeoutMilliseconds)
        _ = await attempt.outcome()
        return attempt
    }

    func sh(_ script: String, timeoutMilliseconds: Int64 = 0, stdin: String = "") async -> TestAttempt {
        await run(
            .command(Command(invocation: .script(.sh, script), standardInput: Array(stdin.utf8))),
            timeoutMilliseconds: timeoutMilliseconds)
    }
}

/// Collects an attempt's events and lets a test wait for them.
final class TestAttempt: Sendable {
    private struct State {
        var events: [AttemptEvent] = []
        var running: (any RunningAttempt)?
        var waiters: [(isMet: @Sendable ([AttemptEvent]) -> Bool, continuation: CheckedContinuation<Void, Never>)] = []
    }

    private let state = Mutex(State())

    func hold(_ running: any RunningAttempt) { state.withLock { $0.running = running } }

    func take(_ event: AttemptEvent) {
        let met = state.withLock { state in
            state.events.append(event)
            let events = state.events
            let met = state.waiters.filter { $0.isMet(events) }
            state.waiters.removeAll { $0.isMet(events) }
            return met
        }
        for waiter in met { waiter.continuation.resume() }
    }

    func wait(until isMet: @escaping @Sendable ([AttemptEvent]) -> Bool) async {
        await withCheckedContinuation { continuation in
            let isMetNow = state.withLock { state in
                if isMet(state.events) { return true }
                state.waiters.append((isMet, continuation))
                return false
            }
            if isMetNow { continuation.resume() }
        }
    }

    func outcome() async -> AttemptOutcome {
        await wait { $0.contains { if case .finished = $0 { true } else { false } } }
        for case .finished(let outcome) in events { return outcome }
        preconditionFailure("finished without an outcome")
    }

    /// Until this text was printed.
    func waitForOutput(_ text: String) async {
        await wait { Self.text($0, nil).contains(text) }
    }

    func cancel(graceMilliseconds: Int64) {
        state.withLock { $0.running }?.cancel(graceMilliseconds: graceMilliseconds)
    }
    func allowOutput(_ bytes: Int) { state.withLock { $0.running }?.allowOutput(bytes) }

    var events: [AttemptEvent] { state.withLock { $0.events } }
    var stdout: String { Self.text(events, .stdout) }
    var stderr: String { Self.text(events, .stderr) }
    func bytes(_ stream: OutputStream?) -> [UInt8] { Self.bytes(events, stream) }

    private static func text(_ events: [AttemptEvent], _ stream: OutputStream?) -> String {
        String(decoding: bytes(events, stream), as: UTF8.self)
    }

    static func bytes(_ events: [AttemptEvent], _ stream: OutputStream?) -> [UInt8] {
        var bytes: [UInt8] = []
        for case .output(let from, let piece) in events where stream == nil || from == stream { bytes += piece }
        return bytes
    }
}

/// Whether a process lives (and is not only waiting to be reaped).
func isAlive(_ process: Int32) -> Bool {
    guard let stat = Folders.readText("/proc/\(process)/stat") else { return false }
    return !stat.contains(") Z ")
}

func program(_ arguments: String...) -> TaskPayload { .command(Command(invocation: .arguments(arguments))) }
