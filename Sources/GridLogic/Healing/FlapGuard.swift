import GridModel

/// Tells a node that keeps going and coming back, and how long it is to be given nothing: longer each time. Every
/// comeback costs `weight`, and one is forgiven every `leak`; at the limit it is quarantined. Monotonic time.
struct FlapGuard: Sendable {
    private var score = 0.0
    private var scoredAt = MonotonicTime(nanoseconds: 0)
    /// Quarantines so far, of which one is forgiven for every ten leaks without a flap.
    private var trips = 0
    private(set) var until: MonotonicTime?

    enum Flap: Sendable {
        /// It was given up, or its process died.
        case death
        /// Its connection broke and came back.
        case reconnection

        var weight: Double { self == .death ? 1 : 0.34 }
    }

    /// Counts a comeback; not nil: quarantine it for so many milliseconds. `mayQuarantine`: others are left to work.
    mutating func note(_ flap: Flap, at now: MonotonicTime, _ settings: GridSettings, mayQuarantine: Bool) -> Int64? {
        let calm = max(0, now.milliseconds(since: scoredAt))
        let leak = max(1, settings.flapLeakMilliseconds)
        score = max(0, score - Double(calm) / Double(leak))
        trips -= min(trips, Int(min(calm / (10 * leak), 1_000)))
        scoredAt = now
        score += flap.weight
        guard score >= settings.flapLimit, until == nil, mayQuarantine else { return nil }
        score = 0
        let longest = max(1, settings.quarantineLimitMilliseconds)
        let doubled = settings.quarantineFirstMilliseconds.multipliedSaturated(by: 1 << Int64(min(trips, 30)))
        let delay = min(doubled, longest)
        trips += 1
        until = now.advanced(byMilliseconds: delay)
        return delay
    }

    mutating func release() { until = nil }
}
