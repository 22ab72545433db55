import GridLogic
package import GridModel

/// One task that a caller wants, on its way to the grid loop.
package struct Submission: Sendable {
    /// The caller's own number, given back with all news of it.
    package var ref: UInt64
    package var spec: TaskSpec
    package var key: String?
    /// When it reached the coordinator.
    package var arrivedAt: MonotonicTime
    /// Whether the caller waits for the terminal state; else it hears of the acceptance alone.
    package var wantsResult: Bool
    /// Follows the task from its first state on.
    package var feed: TaskFeed?

    package init(
        ref: UInt64, spec: TaskSpec, key: String?, arrivedAt: MonotonicTime, wantsResult: Bool, feed: TaskFeed? = nil
    ) {
        self.ref = ref
        self.spec = spec
        self.key = key
        self.arrivedAt = arrivedAt
        self.wantsResult = wantsResult
        self.feed = feed
    }
}

/// What became of a submission. `accepted` and `refused` come first, `settled` after `accepted`.
package enum SubmissionNews: Sendable {
    case accepted(ref: UInt64, GridTask, isNew: Bool)
    case refused(ref: UInt64, Refusal)
    case settled(ref: UInt64, GridTask, HopTimes)
    /// Accepted, and the coordinator stops before its end: the task lives on, the caller must ask again.
    case abandoned(ref: UInt64, Refusal)
}

/// Where the time of one task went, on the coordinator's monotonic clock.
package struct HopTimes: Sendable, Hashable {
    package var arrivedAt: MonotonicTime
    package var acceptedAt: MonotonicTime
    package var committedAt: MonotonicTime
    package var reportedAt: MonotonicTime
    package var settledAt: MonotonicTime

    package init(arrivedAt: MonotonicTime) {
        self.arrivedAt = arrivedAt
        acceptedAt = arrivedAt
        committedAt = arrivedAt
        reportedAt = arrivedAt
        settledAt = arrivedAt
    }
}

/// Hears what became of submissions: on the loop's thread, once per batch, after the commit. Must not block.
package protocol SubmissionSink: AnyObject, Sendable {
    func deliver(_ news: [SubmissionNews])
}
