import GridModel
import Synchronization

/// Names traces that a caller did not name. Unique, not secret: a random start per process and a counter, mixed, because
/// asking the system for randomness at every call costs more than the rest of the chain.
final class TraceMaker: Sendable {
    private let high = UInt64.random(in: 1 ... .max)
    private let start = UInt64.random(in: 0 ... .max)
    private let counter = Atomic<UInt64>(0)

    func make() -> TraceContext {
        let number = counter.wrappingAdd(1, ordering: .relaxed).newValue
        // A bijection, so no two counters meet.
        return TraceContext(
            high: high, low: SplitMix64.mixed(start &+ number), span: SplitMix64.mixed(~start &+ number) | 1, flags: 0)
    }
}
