package import GridModel
import Synchronization

/// Looks at the network from the node. Every check prints one JSON object and ends with 0 when the host answered.
///
/// `ping` and `traceroute` run the system's own programs, which have the rights it takes; connecting and name look-up
/// are done here, on threads that may block.
package struct NetworkExecutor: Executor {
    /// When the task has no time-out of its own.
    static let defaultTimeoutMilliseconds: Int64 = 10_000

    private let processes: ProcessExecutor
    private let node: NodeName
    private let work = BlockingWork("network", limit: 32)

    package init(processes: ProcessExecutor, node: NodeName) {
        self.processes = processes
        self.node = node
    }

    package func start(
        _ attempt: AttemptStart, window: Int, events: @escaping @Sendable (AttemptEvent) -> Void
    ) -> any RunningAttempt {
        guard case .network(let check) = attempt.spec.payload else {
            preconditionFailure("\(attempt.spec.payload.type) is no network check")
        }
        guard let host = HostName(check.host) else {
            return refuse("'\(check.host)' is not a host name or address", events)
        }
        switch check.kind {
        case .ping:
            return run(["ping", "-c", "4", host.text], PingReport.init, attempt, host, events)
        case .traceroute:
            return run(
                ["traceroute", "-n", "-q", "1", "-w", "2", host.text], TracerouteReport.init, attempt, host, events)
        case .tcp:
            guard (1...65_535).contains(check.port) else { return refuse("\(check.port) is not a port", events) }
            return block(attempt, events) { TCPCheck.run(host: host, port: check.port, timeoutMilliseconds: $0) }
        case .dns:
            return block(attempt, events) { _ in NameLookup.run(host: host) }
        }
    }

    private func refuse(_ error: String, _ events: @Sendable (AttemptEvent) -> Void) -> any RunningAttempt {
        EndedAttempt.telling(AttemptOutcome(end: .refused, error: error), events)
    }

    /// Runs a program and puts a report made of what it printed in the place of its output.
    private func run<Report: NetworkReport>(
        _ arguments: [String], _ makeReport: @escaping @Sendable (String) -> Report, _ attempt: AttemptStart,
        _ host: HostName, _ events: @escaping @Sendable (AttemptEvent) -> Void
    ) -> any RunningAttempt {
        let printed = Mutex<(stdout: [UInt8], stderr: [UInt8])>(([], []))
        let command = Command(invocation: .arguments(arguments), environment: ["LC_ALL": "C"])
        let launch = ProcessLaunch(
            ref: attempt.ref, command: command,
            timeoutMilliseconds: attempt.spec.timeoutMilliseconds > 0 ? attempt.spec.timeoutMilliseconds : 120_000,
            window: 1 << 20)
        return processes.start(launch) { event in
            switch event {
            case .output(.stdout, let bytes): printed.withLock { $0.stdout += bytes }
            case .output(.stderr, let bytes): printed.withLock { $0.stderr += bytes }
            case .started, .progress: events(event)
            case .finished(let outcome):
                let (stdout, stderr) = printed.withLock { $0 }
                events(.finished(Self.finish(outcome, stdout, stderr, host, makeReport, events)))
            }
        }
    }

    private static func finish<Report: NetworkReport>(
        _ outcome: AttemptOutcome, _ stdout: [UInt8], _ stderr: [UInt8], _ host: HostName,
        _ makeReport: (String) -> Report, _ events: (AttemptEvent) -> Void
    ) -> AttemptOutcome {
        guard outcome.end == .succeeded || outcome.end == .failed, outcome.exitCode != 127, outcome.exitCode != 126
        else { return outcome }
        let report = makeReport(String(decoding: stdout, as: UTF8.self))
        let said = String(decoding: stderr, as: UTF8.self).split(separator: "\n").first.map(String.init)
        let error = report.isReached ? "" : said ?? report.failure(host: host.text)
        events(.output(.stdout, Array((report.json(host: host.text, error: error).text + "\n").utf8)))
        var outcome = outcome
        outcome.end = report.isReached ? .succeeded : .failed
        outcome.exitCode = report.isReached ? 0 : 1
        outcome.error = error
        return outcome
    }

    /// Runs a check that blocks. Its end is told once: by itself, by the time-out or by a cancel, whichever is first.
    private func block(
        _ attempt: AttemptStart, _ events: @escaping @Sendable (AttemptEvent) -> Void,
        _ check: @escaping @Sendable (Int64) -> CheckResult
    ) -> any RunningAttempt {
        let limit = attempt.spec.timeoutMilliseconds
        let running = BlockedCheck(events: events)
        let startedAt = SystemClock.monotonic()
        work.run {
            guard running.begin() else { return }
            let result = check(limit > 0 ? limit + 1_000 : Self.defaultTimeoutMilliseconds)
            let ran = (SystemClock.monotonic().nanoseconds - startedAt.nanoseconds) / 1_000
            running.end(
                with: AttemptOutcome(
                    end: result.isReached ? .succeeded : .failed, exitCode: result.isReached ? 0 : 1,
                    error: result.error, runMicroseconds: ran),
                output: Array((result.json.text + "\n").utf8))
        }
        if limit > 0 {
            processes.after(milliseconds: limit) {
                running.end(with: AttemptOutcome(end: .timedOut, error: "did not end within \(limit) ms"))
            }
        }
        return running
    }
}

/// What a check that needs no program found.
struct CheckResult: Sendable {
    var isReached: Bool
    var error: String
    var json: JSONValue
}

/// What can be read out of what a program of the system printed.
protocol NetworkReport: Sendable {
    var isReached: Bool { get }
    func failure(host: String) -> String
    func json(host: String, error: String) -> JSONValue
}

/// A check on a thread that cannot be interrupted: it is left alone, and what it says too late is dropped.
private final class BlockedCheck: RunningAttempt {
    private enum State { case waiting, running, over }

    private let state = Mutex(State.waiting)
    private let events: @Sendable (AttemptEvent) -> Void

    init(events: @escaping @Sendable (AttemptEvent) -> Void) { self.events = events }

    /// False when it was cancelled before it began. Events are sent under the lock: they must not overtake each other.
    func begin() -> Bool {
        state.withLock { state in
            guard state == .waiting else { return false }
            state = .running
            events(.started)
            return true
        }
    }

    func end(with outcome: AttemptOutcome, output: [UInt8] = []) {
        state.withLock { state in
            guard state != .over else { return }
            state = .over
            if !output.isEmpty { events(.output(.stdout, output)) }
            events(.finished(outcome))
        }
    }

    func cancel(graceMilliseconds: Int64) {
        end(with: AttemptOutcome(end: .cancelled, error: "cancelled while it ran"))
    }

    func allowOutput(_ bytes: Int) {}
}
