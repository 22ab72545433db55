import GridModel

/// One metric under the anomaly detector. Readings are gathered for ten seconds, whatever the pace they come at, so
/// that the detector's spans mean the same on every node; what was unusual is remembered and fades.
struct MetricWatch: Sendable {
    enum Gathering: Sendable { case mean, maximum }

    /// The last thing the detector raised an alarm about.
    private struct Alarm: Sendable {
        var score: Double
        var value: Double
        var since: Timestamp
        var at: MonotonicTime
    }

    private static let spanSeconds = 10.0
    private static let halfLifeSeconds = 900.0

    private let metric: RiskMetric
    private let gathering: Gathering
    /// Made when the metric first changes.
    private var detector: AnomalyDetector?
    /// Spans so far that were all the same; the detector has to know of them.
    private var constantSpans = 0
    private var spanStart: MonotonicTime?
    private var sum = 0.0
    private var count = 0.0
    private var alarm: Alarm?
    /// Of the span that ended last, and when that was.
    private(set) var latest: Double?
    private(set) var latestSince: Timestamp?

    init(_ metric: RiskMetric, gathering: Gathering = .mean) {
        self.metric = metric
        self.gathering = gathering
    }

    /// - Parameter learns: whether what is usual is learnt, or only the latest value kept.
    mutating func observe(_ value: Double, at moment: Moment, learns: Bool = true) {
        guard value.isFinite else { return }
        if let start = spanStart, moment.monotonic.seconds(since: start) >= Self.spanSeconds {
            finishSpan(at: moment, learns: learns)
        }
        if spanStart == nil { spanStart = moment.monotonic }
        switch gathering {
        case .mean: sum += value
        case .maximum: sum = count == 0 ? value : max(sum, value)
        }
        count += 1
    }

    /// Nil when nothing unusual is remembered.
    func evidence(at time: MonotonicTime, unit: String) -> RiskEvidence? {
        guard let alarm else { return nil }
        let age = max(0, time.seconds(since: alarm.at))
        let risk = alarm.score * metric.weightOfUnusual * Mathematics.half(to: age / Self.halfLifeSeconds)
        guard risk >= 0.02 else { return nil }
        return RiskEvidence(
            metric: metric, risk: risk, since: alarm.since,
            detail: "\(alarm.value.rounded(toPlaces: 1))\(unit) is unusual (\(alarm.score.rounded(toPlaces: 2)))")
    }

    private mutating func finishSpan(at moment: Moment, learns: Bool) {
        let value = gathering == .mean ? sum / count : sum
        let before = latest
        latest = value
        latestSince = moment.wall
        sum = 0
        count = 0
        spanStart = nil
        guard learns, let score = read(value, after: before, at: moment.wall.microseconds / 1_000_000),
            score >= AnomalyDetector.alarmScore
        else { return }
        let isWorse = alarm.map { known in
            let age = max(0, moment.monotonic.seconds(since: known.at))
            return score >= known.score * Mathematics.half(to: age / Self.halfLifeSeconds)
        }
        if isWorse ?? true { alarm = Alarm(score: score, value: value, since: moment.wall, at: moment.monotonic) }
    }
}

extension MetricWatch {
    private static let constantLimit = 250

    /// Nil while the metric has never changed: a constant needs no detector.
    private mutating func read(_ value: Double, after before: Double?, at seconds: Int64) -> Double? {
        if detector == nil, value == before ?? value {
            constantSpans = min(constantSpans + 1, Self.constantLimit)
            return nil
        }
        if detector == nil {
            var fresh = AnomalyDetector()
            for span in 0..<constantSpans {
                let ago = Double(constantSpans - span) * Self.spanSeconds
                _ = fresh.read(before ?? value, at: seconds.subtractingSaturated(Int64(ago)))
            }
            detector = fresh
        }
        return detector?.read(value, at: seconds).score
    }
}

extension Double {
    /// 93.25 → "93.3"; whole numbers without a fraction.
    func rounded(toPlaces places: Int) -> String {
        let factor = places == 2 ? 100.0 : 10
        let value = (self * factor).rounded() / factor
        return value == value.rounded() && abs(value) < 1e15 ? "\(Int64(value))" : "\(value)"
    }
}
