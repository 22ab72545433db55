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
        return TraceContext(
            high: high, low: Self.mix(start &+ number), span: Self.mix(~start &+ number) | 1, flags: 0)
    }

    /// The finaliser of SplitMix64: a bijection, so no two counters meet.
    private static func mix(_ value: UInt64) -> UInt64 {
        var mixed = value &* 0x9E37_79B9_7F4A_7C15
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
