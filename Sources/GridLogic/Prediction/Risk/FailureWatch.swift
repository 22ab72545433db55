import GridModel

/// Whether tasks fail more on a node than they used to there: a short memory of outcomes against a long one.
struct FailureWatch: Sendable {
    private static let recentSeconds = 600.0
    private static let usualSeconds = 86_400.0
    /// Of the usual share while little is known: one failure in twenty, as if seen twenty times.
    private static let assumedFailures = 1.0
    private static let assumedEnds = 20.0
    /// Five just now; fewer may be the tasks' own affair.
    private static let leastFailures = 4.5

    private var recentEnds = DecayingSum(halfLifeSeconds: FailureWatch.recentSeconds)
    private var recentFailures = DecayingSum(halfLifeSeconds: FailureWatch.recentSeconds)
    private var usualEnds = DecayingSum(halfLifeSeconds: FailureWatch.usualSeconds)
    private var usualFailures = DecayingSum(halfLifeSeconds: FailureWatch.usualSeconds)
    private var since: Timestamp?

    mutating func observe(isFailure: Bool, at moment: Moment) {
        let time = moment.monotonic
        recentEnds.add(1, at: time)
        usualEnds.add(1, at: time)
        if isFailure {
            recentFailures.add(1, at: time)
            usualFailures.add(1, at: time)
        }
        if evidence(at: time) == nil { since = nil } else if since == nil { since = moment.wall }
    }

    /// The recent failures beyond the usual share, in deviations of that many draws; told from a surprise of 2 on (one
    /// in a hundred) and certain at 8.
    func evidence(at time: MonotonicTime) -> RiskEvidence? {
        let ends = recentEnds.value(at: time)
        let failures = recentFailures.value(at: time)
        guard failures >= Self.leastFailures else { return nil }
        // What is judged is no part of what it is judged by.
        let otherEnds = max(0, usualEnds.value(at: time) - ends) + Self.assumedEnds
        let otherFailures = max(0, usualFailures.value(at: time) - failures) + Self.assumedFailures
        let usual = min(max(otherFailures / otherEnds, 0.001), 0.999)
        let deviations = (failures - ends * usual) / (ends * usual * (1 - usual)).squareRoot()
        let risk = min(1, (Mathematics.tailSurprise(deviations) - 2) / 6)
        guard deviations > 0, risk > 0 else { return nil }
        let percent = (failures / ends * 100).rounded(toPlaces: 1)
        return RiskEvidence(
            metric: .taskFailures, risk: 0.9 * risk, since: since ?? Timestamp(microseconds: 0),
            detail: "\(percent) % of the last tasks failed, usually \((usual * 100).rounded(toPlaces: 1)) %")
    }
}
