import GridModel

/// Decides how one program's run ends; the loop that owns the program carries the decisions out.
///
/// - `living` → `lingering` when the program itself ended but others still hold its outputs; → `ending` on a cancel or
///   time-out; → `over` when it ended and its outputs are closed.
/// - `lingering` → `over` when the outputs are closed, or were silent for long enough.
/// - `ending` (TERM was sent) → `killing` when the grace has passed; → `over` when the whole tree is gone.
/// - `killing` (KILL is sent until nobody is left) → `over`.
struct ProcessLifecycle: Sendable, Hashable {
    enum Cause: Sendable, Hashable { case cancelled, timedOut }

    enum Phase: Sendable, Hashable {
        case living
        case lingering(quietUntil: MonotonicTime, limit: MonotonicTime)
        case ending(Cause, killAt: MonotonicTime)
        case killing(Cause)
        case over(Cause?)
    }

    enum Action: Sendable, Hashable {
        case none
        /// Send TERM to the tree.
        case terminateTree
        /// Send KILL to the tree, then say how many were left with `swept`.
        case killTree
        /// Count the tree, then say how many are left with `swept`.
        case sweepTree
        /// End what is left of the group, deliver what is left in the pipes, reap, and report.
        case finish
    }

    struct Limits: Sendable, Hashable {
        var lingerQuietMilliseconds: Int64
        var lingerLimitMilliseconds: Int64
        var timeoutGraceMilliseconds: Int64
        /// Between two looks at a tree that is ending.
        var sweepMilliseconds: Int64 = 20
    }

    private let limits: Limits
    private let timeoutAt: MonotonicTime
    private var hasExited = false
    private var isOutputClosed = false
    private var nextSweep = MonotonicTime.distantFuture
    private(set) var phase = Phase.living

    /// - Parameter timeoutMilliseconds: 0 for none.
    init(startedAt: MonotonicTime, timeoutMilliseconds: Int64, limits: Limits) {
        self.limits = limits
        timeoutAt =
            timeoutMilliseconds > 0 ? startedAt.advanced(byMilliseconds: timeoutMilliseconds) : .distantFuture
    }

    /// When `due` is to be called at the latest.
    var deadline: MonotonicTime {
        switch phase {
        case .living: timeoutAt
        case .lingering(let quietUntil, let limit): min(quietUntil, limit)
        case .ending(_, let killAt): min(killAt, nextSweep)
        case .killing: nextSweep
        case .over: .distantFuture
        }
    }

    /// The program itself ended; its descendants may not have.
    mutating func exited(at now: MonotonicTime) -> Action {
        hasExited = true
        switch phase {
        case .living:
            if isOutputClosed { return finish(nil) }
            phase = .lingering(
                quietUntil: now.advanced(byMilliseconds: limits.lingerQuietMilliseconds),
                limit: now.advanced(byMilliseconds: limits.lingerLimitMilliseconds))
            return .none
        case .ending, .killing:
            return .sweepTree
        case .lingering, .over:
            return .none
        }
    }

    /// Both outputs have no writer any more.
    mutating func outputClosed() -> Action {
        isOutputClosed = true
        switch phase {
        case .lingering: return finish(nil)
        case .living, .ending, .killing, .over: return .none
        }
    }

    /// Output was read, or could be and was not wanted yet: whoever writes it is not silent.
    mutating func outputMoved(at now: MonotonicTime) {
        if case .lingering(_, let limit) = phase {
            phase = .lingering(quietUntil: now.advanced(byMilliseconds: limits.lingerQuietMilliseconds), limit: limit)
        }
    }

    /// A cancel. A second one, or one that comes while the end is under way, can only shorten the grace.
    mutating func cancel(graceMilliseconds: Int64, at now: MonotonicTime) -> Action {
        end(.cancelled, graceMilliseconds: graceMilliseconds, at: now)
    }

    mutating func due(at now: MonotonicTime) -> Action {
        guard now >= deadline else { return .none }
        switch phase {
        case .living:
            return end(.timedOut, graceMilliseconds: limits.timeoutGraceMilliseconds, at: now)
        case .lingering:
            return finish(nil)
        case .ending(let cause, let killAt):
            guard now >= killAt else { return sweepLater(.sweepTree, now) }
            phase = .killing(cause)
            return sweepLater(.killTree, now)
        case .killing:
            return sweepLater(.killTree, now)
        case .over:
            return .none
        }
    }

    /// The answer to `killTree` and `sweepTree`.
    mutating func swept(left: Int, at now: MonotonicTime) -> Action {
        switch phase {
        case .ending(let cause, _), .killing(let cause):
            if left == 0 && hasExited { return finish(cause) }
            nextSweep = now.advanced(byMilliseconds: limits.sweepMilliseconds)
            return .none
        case .living, .lingering, .over:
            return .none
        }
    }

    private mutating func end(_ cause: Cause, graceMilliseconds: Int64, at now: MonotonicTime) -> Action {
        let killAt = now.advanced(byMilliseconds: max(0, graceMilliseconds))
        switch phase {
        case .living:
            phase = .ending(cause, killAt: killAt)
            return .terminateTree
        case .lingering:
            return finish(nil)
        case .ending(let earlier, let earlierKillAt):
            phase = .ending(earlier, killAt: min(killAt, earlierKillAt))
            return .none
        case .killing, .over:
            return .none
        }
    }

    private mutating func sweepLater(_ action: Action, _ now: MonotonicTime) -> Action {
        nextSweep = now.advanced(byMilliseconds: limits.sweepMilliseconds)
        return action
    }

    private mutating func finish(_ cause: Cause?) -> Action {
        phase = .over(cause)
        return .finish
    }
}
