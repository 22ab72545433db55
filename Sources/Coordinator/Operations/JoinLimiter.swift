package import GridModel
import GridTransport
import Synchronization

/// Keeps strangers from trying tokens and keys: after some wrong ones their address group waits a little, and when very
/// many came in all, everybody on the edge.
///
/// A token's secret has 256 random bits, so this is against noise in the log and work for nothing, not against guessing.
package final class JoinLimiter: Sendable {
    private struct State {
        /// By address group: never more of them than `failuresInAll`.
        var failures: [String: Int] = [:]
        var total = 0
        var windowStart = MonotonicTime(nanoseconds: 0)
    }

    /// In a minute.
    package static let failuresPerGroup = 30
    package static let failuresInAll = 600
    private let state = Mutex(State())

    package init() {}

    package func isOpen(to address: String, at now: MonotonicTime) -> Bool {
        let group = AddressGroup.of(address)
        return state.withLock { state in
            if now.milliseconds(since: state.windowStart) >= 60_000 { state = State(windowStart: now) }
            return state.total < Self.failuresInAll && state.failures[group, default: 0] < Self.failuresPerGroup
        }
    }

    package func failed(_ address: String) {
        let group = AddressGroup.of(address)
        state.withLock { state in
            // Those that were on their way when it closed count no more.
            guard state.total < Self.failuresInAll else { return }
            state.total += 1
            state.failures[group, default: 0] += 1
        }
    }
}
