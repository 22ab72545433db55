import GridModel
import Synchronization

/// Keeps strangers from trying tokens: after some wrong ones everybody on the edge waits a little.
///
/// A token's secret has 256 random bits, so this is against noise in the log and work for nothing, not against guessing.
final class JoinLimiter: Sendable {
    private struct State {
        var failures = 0
        var windowStart = MonotonicTime(nanoseconds: 0)
    }

    static let failuresPerMinute = 30
    private let state = Mutex(State())

    func isOpen(at now: MonotonicTime) -> Bool {
        state.withLock { state in
            if now.milliseconds(since: state.windowStart) >= 60_000 { state = State(failures: 0, windowStart: now) }
            return state.failures < Self.failuresPerMinute
        }
    }

    func failed() { state.withLock { $0.failures += 1 } }
}
