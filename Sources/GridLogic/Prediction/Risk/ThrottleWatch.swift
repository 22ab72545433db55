import GridModel

/// How long something ran slower than it could, lately. Told of once in ten seconds at most, whatever the pace it is
/// measured at: a hundred seconds of it within some minutes are all the risk there is to it.
struct ThrottleWatch: Sendable {
    private static let spanSeconds = 10.0

    private var sum = DecayingSum(halfLifeSeconds: 300)
    private var since = Timestamp(microseconds: 0)
    private var toldAt: MonotonicTime?

    mutating func isSlowed(at moment: Moment) {
        if let toldAt, moment.monotonic.seconds(since: toldAt) < Self.spanSeconds { return }
        toldAt = moment.monotonic
        if sum.value(at: moment.monotonic) < 0.1 { since = moment.wall }
        sum.add(1, at: moment.monotonic)
    }

    func evidence(of metric: RiskMetric, at time: MonotonicTime) -> RiskEvidence? {
        let amount = sum.value(at: time)
        guard amount >= 0.1 else { return nil }
        return RiskEvidence(
            metric: metric, risk: 0.5 * min(1, amount / 10), since: since, detail: "slowed for its heat or power")
    }
}
