/// A point on the wall clock, as stored and shown: microseconds since 1970-01-01 UTC. Never used to measure.
package struct Timestamp: Hashable, Sendable, Comparable {
    package var microseconds: Int64

    package init(microseconds: Int64) { self.microseconds = microseconds }

    package var milliseconds: Int64 { microseconds / 1_000 }

    package static func < (left: Timestamp, right: Timestamp) -> Bool { left.microseconds < right.microseconds }
}

/// A point on a clock that only goes forward, in nanoseconds since an arbitrary start; meaningless in another process.
package struct MonotonicTime: Hashable, Sendable, Comparable {
    package var nanoseconds: Int64

    package init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    package static let distantFuture = MonotonicTime(nanoseconds: .max)

    package static func < (left: MonotonicTime, right: MonotonicTime) -> Bool { left.nanoseconds < right.nanoseconds }

    /// Saturates instead of overflowing: a time-out of a thousand years is simply never due.
    package func advanced(byMilliseconds milliseconds: Int64) -> MonotonicTime {
        let (span, overflow) = milliseconds.multipliedReportingOverflow(by: 1_000_000)
        guard !overflow else { return milliseconds > 0 ? .distantFuture : MonotonicTime(nanoseconds: 0) }
        let (sum, sumOverflow) = nanoseconds.addingReportingOverflow(span)
        return sumOverflow ? .distantFuture : MonotonicTime(nanoseconds: sum)
    }

    /// Whole milliseconds from `earlier` to this; negative when `earlier` is later.
    package func milliseconds(since earlier: MonotonicTime) -> Int64 {
        (nanoseconds - earlier.nanoseconds) / 1_000_000
    }
}

/// Now, on both clocks: what is decided is measured on the monotonic one, what is stored carries the wall clock.
package struct Moment: Sendable, Hashable {
    package var monotonic: MonotonicTime
    package var wall: Timestamp

    package init(monotonic: MonotonicTime, wall: Timestamp) {
        self.monotonic = monotonic
        self.wall = wall
    }
}
