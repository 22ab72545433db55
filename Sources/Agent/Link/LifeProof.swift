import Executors
import GridModel
import Synchronization

/// When the machine at the other end of a road last proved that it lives.
final class LifeProof: Sendable {
    private let renewedAt = Mutex(SystemClock.monotonic())

    func renew() {
        let now = SystemClock.monotonic()
        renewedAt.withLock { $0 = now }
    }

    func isFresh(within milliseconds: Int64) -> Bool {
        SystemClock.monotonic().milliseconds(since: renewedAt.withLock { $0 }) <= milliseconds
    }
}
