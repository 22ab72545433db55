/// When to ask again: pauses that double, until it has taken too long. A success starts it anew.
package struct Patience {
    private let firstPause: Duration
    private let longestPause: Duration
    private let limit: Duration
    private var pause: Duration
    private var givesUpAt: ContinuousClock.Instant?

    package init(_ options: GridClientOptions, limit: Duration) {
        firstPause = options.firstPause
        longestPause = options.longestPause
        self.limit = limit
        pause = options.firstPause
    }

    package mutating func succeeded() {
        pause = firstPause
        givesUpAt = nil
    }

    /// Sleeps, and says whether to ask again. Ends early, saying no, when the task is cancelled.
    package mutating func failed() async -> Bool {
        // A little of chance, so that many clients do not come back at the same moment.
        let spread = Double.random(in: 0.75...1.25)
        guard let wait = nextPause(at: ContinuousClock.now, spread: spread) else { return false }
        do {
            try await Task.sleep(for: wait)
            return true
        } catch {
            return false
        }
    }

    /// How long to wait after a failure at `now`; nil when it has taken too long. `spread` stretches or shortens the
    /// pause, and the last one ends with the limit.
    package mutating func nextPause(at now: ContinuousClock.Instant, spread: Double) -> Duration? {
        let end = givesUpAt ?? now + limit
        givesUpAt = end
        guard now < end else { return nil }
        let wait = min(pause * spread, end - now)
        pause = min(pause * 2, longestPause)
        return wait
    }
}
