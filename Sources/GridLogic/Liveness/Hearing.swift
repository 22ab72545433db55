package import GridModel

/// The coordinator's own ears. Time in which it could not have heard anybody (stopped, asleep, starved, its event loops
/// stalled) is not counted as anyone's silence: it is taken out of the clock by which silence is measured. After a long
/// absence nobody is given up for a while: connections that broke meanwhile take a moment to come back.
///
/// Listening time is the monotonic clock less all that was taken out.
package struct Hearing: Sendable {
    /// Being this late is ordinary.
    private let tolerance: Int64
    private let settlingLimit: Int64
    /// Nanoseconds taken out so far.
    private var deaf: Int64 = 0
    /// On the monotonic clock: nobody is given up before.
    package private(set) var settledAt = MonotonicTime(nanoseconds: .min)
    /// Everything missed before this is accounted for.
    private var accountedTo: MonotonicTime?
    /// Wall clock less monotonic clock, microseconds.
    private var wallOffset: Int64?

    package init(_ settings: GridSettings) {
        tolerance = max(1, settings.hearingToleranceMilliseconds) * 1_000_000
        settlingLimit = max(0, settings.recoveryGraceMilliseconds) * 1_000_000
    }

    /// The moment in listening time.
    package func listening(at now: MonotonicTime) -> MonotonicTime {
        MonotonicTime(nanoseconds: now.nanoseconds - deaf)
    }

    /// When listening time will be `time` if nothing is missed.
    package func due(_ time: MonotonicTime) -> MonotonicTime {
        time == .distantFuture ? time : MonotonicTime(nanoseconds: time.nanoseconds.addingSaturated(deaf))
    }

    /// Something is handled at `moment` of which `due` should have been the latest moment: being late means having been
    /// held up. A wall clock that jumped against the monotonic one means a sleep which that one does not count, or a
    /// correction; either way a little more patience costs nothing.
    /// - Returns: milliseconds that were missed; 0 for what is ordinary.
    @discardableResult
    package mutating func awake(at moment: Moment, due: MonotonicTime?) -> Int64 {
        var lost: Int64 = 0
        if let due, due < moment.monotonic { lost = missed(since: due, at: moment.monotonic) }
        accountedTo = moment.monotonic
        let offset = moment.wall.microseconds.subtractingSaturated(moment.monotonic.nanoseconds / 1_000)
        if let wallOffset {
            let jump = offset.subtractingSaturated(wallOffset).magnitude
            if jump > Self.clockTolerance {
                settle(Int64(clamping: jump).multipliedSaturated(by: 1_000), at: moment.monotonic)
            }
        }
        wallOffset = offset
        return lost
    }

    /// The ears were stopped from `start` to `now`.
    @discardableResult
    package mutating func missed(since start: MonotonicTime, at now: MonotonicTime) -> Int64 {
        let from = max(start, accountedTo ?? start)
        let span = now.nanoseconds - from.nanoseconds
        guard span > tolerance else { return 0 }
        accountedTo = now
        // After a long absence a little more, so that nobody is suspect before what waits is read.
        deaf += span >= Self.longAbsence ? span + Self.rubbingEyes : span
        settle(span, at: now)
        return span / 1_000_000
    }

    /// Twice the absence, to a limit, when it was long enough for others to have given us up.
    private mutating func settle(_ absence: Int64, at now: MonotonicTime) {
        guard absence >= Self.longAbsence else { return }
        let span = min(absence.multipliedSaturated(by: 2), settlingLimit)
        settledAt = max(settledAt, MonotonicTime(nanoseconds: now.nanoseconds.addingSaturated(span)))
    }

    private static let rubbingEyes: Int64 = 500_000_000
    private static let longAbsence: Int64 = 800_000_000
    private static let clockTolerance: UInt64 = 800_000
}

extension Int64 {
    func addingSaturated(_ other: Int64) -> Int64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? (other > 0 ? .max : .min) : sum
    }

    func multipliedSaturated(by other: Int64) -> Int64 {
        let (product, overflow) = multipliedReportingOverflow(by: other)
        return overflow ? ((self < 0) == (other < 0) ? .max : .min) : product
    }
}
