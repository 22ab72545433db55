package import GridModel

/// How long to wait before the next attempt: initial × 2^(n-1) up to the cap, less a random part of it, so that tasks
/// which failed together do not come back together.
package struct Backoff: Sendable {
    private let initial: Int64
    private let cap: Int64
    private let jitter: Double

    package init(_ settings: GridSettings) {
        initial = max(0, settings.backoffInitialMilliseconds)
        cap = max(0, settings.backoffCapMilliseconds)
        jitter = settings.jitterFraction >= 0 ? min(1, settings.jitterFraction) : 0
    }

    /// Milliseconds to wait after the `count`th attempt that calls for waiting; none for 0.
    package func delay(after count: Int, using chance: inout SplitMix64) -> Int64 {
        guard count > 0 else { return 0 }
        let longest = longestDelay(after: count)
        return longest - Int64(Double(longest) * jitter * chance.fraction())
    }

    /// What jitter may take nothing from.
    package func longestDelay(after count: Int) -> Int64 {
        guard count > 0 else { return 0 }
        let (product, overflow) = initial.multipliedReportingOverflow(by: Int64(1) << Int64(min(count - 1, 40)))
        return overflow ? cap : min(product, cap)
    }

    /// The least that may be drawn.
    package func shortestDelay(after count: Int) -> Int64 {
        let longest = longestDelay(after: count)
        return longest - Int64(Double(longest) * jitter)
    }
}
