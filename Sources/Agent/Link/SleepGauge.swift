/// Tells how long the machine slept: the difference between a clock that counts sleep and one that does not.
struct SleepGauge: Sendable {
    private var counting = ContinuousClock.now
    private var suspending = SuspendingClock.now

    /// Milliseconds of sleep since the last reading; 0 for what is no more than the reading of two clocks takes.
    mutating func read() -> Int64 {
        let (counted, awake) = (ContinuousClock.now, SuspendingClock.now)
        let slept = (counted - counting) - (awake - suspending)
        guard slept >= .milliseconds(100) else { return 0 }
        (counting, suspending) = (counted, awake)
        let (seconds, attoseconds) = slept.components
        return seconds * 1_000 + attoseconds / 1_000_000_000_000_000
    }
}
