import GridModel

/// A node's risk as the grid machine keeps it: fed with every heartbeat, assessed every ten seconds, since that is how
/// long measurements are gathered, and at the next heartbeat after a fact. Its times are listening times, so that the
/// coordinator's own absence is nobody's jitter.
struct RiskWatch: Sendable {
    private static let spanMilliseconds: Int64 = 10_000

    private var risk: NodeRisk
    private var dueAt = MonotonicTime(nanoseconds: .min)
    /// As of the last assessment.
    private(set) var assessment = RiskAssessment(level: .normal, risk: 0, evidence: [])
    /// Its owner said that all is well; holds while the risk stays high.
    private(set) var isExcused = false

    init(learnsUsual: Bool) { risk = NodeRisk(learnsUsual: learnsUsual) }

    /// High, and nobody said that it does not matter.
    var isGrave: Bool { assessment.level == .high && !isExcused }

    mutating func excuse() { isExcused = assessment.level == .high }

    mutating func observe(_ sample: NodeSample, at moment: Moment) { risk.observe(sample, at: moment) }

    mutating func connected() { risk.connected() }

    mutating func connectionLost(at moment: Moment) {
        risk.connectionLost(at: moment)
        dueAt = moment.monotonic
    }

    mutating func attemptEnded(isFailure: Bool, at moment: Moment) {
        risk.attemptEnded(isFailure: isFailure, at: moment)
        if isFailure { dueAt = min(dueAt, moment.monotonic) }
    }

    /// Nil when it is not yet time; else whether the level is another than before.
    mutating func assess(at time: MonotonicTime) -> Bool? {
        guard time >= dueAt else { return nil }
        dueAt = time.advanced(byMilliseconds: Self.spanMilliseconds)
        let before = assessment.level
        assessment = risk.assess(at: time)
        if assessment.level != .high { isExcused = false }
        return assessment.level != before
    }
}
