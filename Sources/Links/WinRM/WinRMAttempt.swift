import Executors
import GridModel
import Synchronization
import WinRM

/// An attempt on a Windows host.
///
/// waiting (for a shell) → running → ending (cancelled, out of time or lost) → over. What was delivered never exceeds
/// what was allowed, but for what is left when it is ended from here.
final class WinRMAttempt: RunningAttempt {
    private enum Cause { case cancelled, timedOut, lost }

    private struct State {
        var allowed: Int
        var cause: Cause?
        var isOver = false
        /// Held from the first moment; given back after the last event.
        var lease: ReadyShells.Lease?
        var process: (id: Int64, ticks: Int64)?
        /// What the script said instead of starting.
        var refusal: AttemptOutcome?
    }

    private let node: WinRMNode
    private let attempt: AttemptStart
    private let command: Command
    private let script: [UInt8]
    private let token: String
    private let shells: ReadyShells
    private let timers: NodeExecutor
    private let events: @Sendable (AttemptEvent) -> Void
    private let state: Mutex<State>
    /// Wakes whoever waits for something to be allowed, or for the end.
    private let wakes: AsyncStream<Void>
    private let waker: AsyncStream<Void>.Continuation
    private let endings: AsyncStream<Int64>
    private let ender: AsyncStream<Int64>.Continuation
    private let startedAt = SystemClock.monotonic()

    init(
        node: WinRMNode, attempt: AttemptStart, command: Command, script: [UInt8], token: String, window: Int,
        shells: ReadyShells, timers: NodeExecutor, events: @escaping @Sendable (AttemptEvent) -> Void
    ) {
        self.node = node
        self.attempt = attempt
        self.command = command
        self.script = script
        self.token = token
        self.shells = shells
        self.timers = timers
        self.events = events
        state = Mutex(State(allowed: window))
        (wakes, waker) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        (endings, ender) = AsyncStream.makeStream()
    }

    func cancel(graceMilliseconds: Int64) { end(.cancelled, min(max(graceMilliseconds, 0), 600_000)) }

    /// The road is closed: nothing more can be learned.
    func lose() { end(.lost, 0) }

    func allowOutput(_ bytes: Int) {
        state.withLock { $0.allowed += bytes }
        waker.yield()
    }

    private func end(_ cause: Cause, _ grace: Int64) {
        let goes = state.withLock { state in
            guard !state.isOver, state.cause == nil || cause == .lost else { return false }
            state.cause = cause
            return true
        }
        guard goes else { return }
        ender.yield(grace)
        waker.yield()
    }

    private var cause: Cause? { state.withLock { $0.cause } }

    /// From the wait for a shell to the last event.
    func run() async {
        var outcome: AttemptOutcome
        do {
            outcome = try await withThrowingTaskGroup(of: AttemptOutcome?.self) { group in
                group.addTask { try await self.inShell() }
                group.addTask { await self.untilEndedWaiting() }
                defer { group.cancelAll() }
                while let next = try await group.next() { if let next { return next } }
                return self.unknown("it ended without a word")
            }
        } catch {
            outcome = unknown("\(error)")
        }
        outcome.runMicroseconds = (SystemClock.monotonic().nanoseconds - startedAt.nanoseconds) / 1_000
        let lease = state.withLock { state in
            state.isOver = true
            return state.lease
        }
        events(.finished(outcome))
        if let lease { await shells.release(lease) }
    }

    /// One that is ended before it has a shell needs none.
    private func untilEndedWaiting() async -> AttemptOutcome? {
        while !Task.isCancelled {
            let (isEnded, hasShell) = state.withLock { ($0.cause != nil, $0.lease != nil) }
            if hasShell { return nil }
            if isEnded { return ended(nil) }
            try? await Task.sleep(for: .milliseconds(50))
        }
        return nil
    }

    private func inShell() async throws -> AttemptOutcome {
        let lease = try await shells.take()
        state.withLock { $0.lease = lease }
        let outcome = try await attend(lease)
        guard cause == .cancelled || cause == .timedOut else { return outcome }
        return await proven(outcome)
    }

    /// Sends, receives and ends, each without waiting for the others.
    private func attend(_ lease: ReadyShells.Lease) async throws -> AttemptOutcome {
        if attempt.spec.timeoutMilliseconds > 0 {
            timers.after(milliseconds: attempt.spec.timeoutMilliseconds) { [weak self] in
                self?.end(.timedOut, 2_000)
            }
        }
        return try await withThrowingTaskGroup(of: AttemptOutcome?.self) { group in
            group.addTask {
                try await lease.shell.send(self.script + self.command.standardInput, to: lease.command, isEnd: true)
                return nil
            }
            group.addTask { try await self.receive(lease) }
            group.addTask { await self.ending(lease) }
            defer { group.cancelAll() }
            while let next = try await group.next() { if let next { return next } }
            return unknown("it ended without a word")
        }
    }

    /// Asks, then ends, then takes the shell away, until the other side of it is done. A connection that hangs keeps
    /// nobody.
    private func ending(_ lease: ReadyShells.Lease) async -> AttemptOutcome? {
        for await grace in endings {
            if cause == .lost { return ended(nil) }
            do {
                if grace > 0 {
                    try await lease.shell.signal(.interrupt, to: lease.command)
                    try await Task.sleep(for: .milliseconds(grace))
                }
                try await lease.shell.signal(.terminate, to: lease.command)
                try await Task.sleep(for: .seconds(4))
            } catch is CancellationError {
                return nil
            } catch {
                return unknown("\(error)")
            }
            return ended(nil)
        }
        return nil
    }

    private func receive(_ lease: ReadyShells.Lease) async throws -> AttemptOutcome {
        var (filter, errors) = (TokenFilter(token: token), CLIXMLStream())
        while true {
            let answer: ShellAnswer.Received?
            do {
                answer = try await lease.shell.receive(from: lease.command)
            } catch let error as WinRMError {
                if cause != nil, [.gone, .aborted].contains(Fault.meaning(error.fault)) { return ended(nil) }
                throw error
            }
            guard let answer else { continue }
            for piece in answer.pieces {
                guard piece.stream == .stderr else {
                    await deliver(.stdout, piece.bytes)
                    continue
                }
                let (output, words) = filter.take(piece.bytes)
                for word in words { heard(word) }
                await deliver(errors.take(output))
            }
            if answer.isDone {
                await deliver(errors.take(filter.rest()) + errors.finish())
                return ended(answer.exitCode)
            }
        }
    }

    // MARK: what the script says

    private func heard(_ word: String) {
        let parts = word.split(separator: " ", maxSplits: 2).map(String.init)
        guard parts.count == 3 else { return }
        switch parts[0] {
        case "start":
            let ticks = Int64(parts[2].prefix { $0.isNumber })
            state.withLock { state in
                if let id = Int64(parts[1]), let ticks { state.process = (id, ticks) }
            }
            events(.started)
        case "cannot":
            let outcome = refusal(parts[1], parts[2].filter { $0 != "\r" })
            state.withLock { $0.refusal = outcome }
        default: break
        }
    }

    private func refusal(_ code: String, _ text: String) -> AttemptOutcome {
        guard let exit = Int32(code), exit != 0 else { return AttemptOutcome(end: .refused, error: text) }
        var name = ""
        if case .arguments(let arguments) = command.invocation { name = arguments[0] }
        switch (exit, text) {
        case (127, "2"):
            return AttemptOutcome(
                end: .failed, exitCode: 127,
                error: "cannot start '\(name)': not found in PATH of node \(node.name)")
        case (126, _):
            return AttemptOutcome(
                end: .failed, exitCode: 126, error: "cannot start '\(name)': \(text) on node \(node.name)")
        default: return AttemptOutcome(end: .failed, exitCode: exit, error: text)
        }
    }

    // MARK: output, no faster than it is taken

    private func deliver(_ items: [CLIXMLStream.Item]) async {
        for item in items {
            switch item {
            case .text(let bytes): await deliver(.stderr, bytes)
            // The first use of a module tells of itself so.
            case .progress(let progress) where progress.percent >= 0:
                let stage = [progress.activity, progress.status].filter { !$0.isEmpty }.joined(separator: ": ")
                events(.progress(percent: min(100, Double(progress.percent)), stage: stage))
            case .progress: break
            }
        }
    }

    private func deliver(_ stream: OutputStream, _ bytes: [UInt8]) async {
        var rest = bytes[...]
        var waits = wakes.makeAsyncIterator()
        while !rest.isEmpty {
            let count = state.withLock { state in
                let count = state.cause == nil ? min(max(state.allowed, 0), rest.count) : rest.count
                state.allowed -= count
                return count
            }
            if count > 0 {
                events(.output(stream, Array(rest.prefix(count))))
                rest = rest.dropFirst(count)
            } else if await waits.next() == nil {
                return
            }
        }
    }

    // MARK: the end

    /// - Parameter exitCode: nil when it was not told, because it was ended from here.
    private func ended(_ exitCode: Int32?) -> AttemptOutcome {
        let (cause, refusal) = state.withLock { ($0.cause, $0.refusal) }
        switch cause {
        case .cancelled: return AttemptOutcome(end: .cancelled, exitCode: exitCode, error: "cancelled while it ran")
        case .timedOut:
            let timeout = attempt.spec.timeoutMilliseconds
            let limit = timeout % 1_000 == 0 ? "\(timeout / 1_000) s" : "\(timeout) ms"
            return AttemptOutcome(end: .timedOut, exitCode: exitCode, error: "did not end within \(limit)")
        case .lost: return unknown("the road to it is closed")
        case nil: break
        }
        if let refusal { return refusal }
        guard let exitCode else { return unknown("the host did not say how it ended") }
        return AttemptOutcome(
            end: exitCode == 0 ? .succeeded : .failed, exitCode: exitCode,
            error: exitCode == 0 ? "" : "ended with exit code \(exitCode)")
    }

    private func unknown(_ why: String) -> AttemptOutcome {
        AttemptOutcome(end: .lost, error: "how the task ended on node \(node.name) is not known: \(why)")
    }

    /// Looks on the host whether all of it is gone.
    private func proven(_ outcome: AttemptOutcome) async -> AttemptOutcome {
        let text = TaskScript.ending(attempt.ref, tag: node.tag, process: state.withLock { $0.process })
        let left = await ScriptRun(shells).output(of: text).map { $0.filter { $0.isNumber } } ?? ""
        guard left != "0" else { return outcome }
        var outcome = outcome
        outcome.error +=
            left.isEmpty
            ? "; whether all its processes ended is not known" : "; \(left) of its processes could not be ended"
        return outcome
    }
}
