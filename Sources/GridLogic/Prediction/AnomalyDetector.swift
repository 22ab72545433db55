/// Says of each sample of a metric how unusual it is, from what came before it alone. One per metric; 18 KiB,
/// a microsecond or two a sample, and one set of parameters for whatever the metric is.
///
/// **Is it new?** Six views ask how far the sample is from the nearest ever seen: its value over the range of values
/// (`value`) and over its own distance from the middle (`proportion`, for metrics of rare high peaks), the mean of
/// the last 32 (`level`), the change over 48 (`change`), and the value among those at this time of the day and of the
/// week (`day`, `week`; held for five samples, since one is soon out of the usual hour). People see anomalies so: as
/// ink where the plot had none.
///
/// **Is new unusual here?** `NoveltyScale` weighs each distance by what such distances have been in this stream.
///
/// **Is it the first of its kind for long?** The evidence of all views, as the length of a vector, is weighed by its
/// return period: samples since anything 0.65 times as strong. So a fault is told once, when it begins, and a metric
/// that is always odd is told of seldom.
///
/// Since distances are measured in ranges, the metric's unit and zero do not matter. Nothing is drawn by lot.
package struct AnomalyDetector: Sendable {
    /// What a sample can be new in.
    package enum View: String, Sendable, CaseIterable {
        case value, proportion, level, change, day, week
    }

    /// What is said of one sample.
    package struct Reading: Sendable, Hashable {
        /// 0 ... 1. At `alarmScore` the evidence is worth a look; above 0.75 it is strong.
        package var score: Double
        /// In which view the sample is newest; nil where it is in none.
        package var strongest: View?
    }

    /// Where one alarm a few hundred to some thousand samples is what to expect of a busy metric.
    package static let alarmScore = 0.5

    private static let valueLimit = 1e150
    private static let levelLength = 32
    private static let changeLength = 48
    private static let holdLength = 5
    private static let patienceSamples = 250.0
    private static let halfwayEvidence = 1.5

    private var first: Double?
    private var middle = RunningMiddle()
    private var values = KnownValues(delay: 10)
    private var levels = KnownValues(delay: AnomalyDetector.levelLength)
    private var changes = KnownValues(delay: 10)
    private var days = SeasonalValues(periodSeconds: 86_400, binCount: 48, neededVisits: 3)
    private var weeks = SeasonalValues(periodSeconds: 604_800, binCount: 168, neededVisits: 2)
    private var newest = RecentValues(capacity: AnomalyDetector.levelLength)
    private var earlier = RecentValues(capacity: AnomalyDetector.changeLength)
    private var dayDistances = RecentValues(capacity: AnomalyDetector.holdLength)
    private var weekDistances = RecentValues(capacity: AnomalyDetector.holdLength)
    private var scales = View.allCases.map(AnomalyDetector.scale)
    private var period = ReturnPeriod(share: 0.65)

    package init() {}

    /// What the detector holds, however long it runs.
    package var byteCount: Int {
        MemoryLayout<Self>.size + values.byteCount + levels.byteCount + changes.byteCount + days.byteCount
            + weeks.byteCount + newest.byteCount + earlier.byteCount + dayDistances.byteCount
            + weekDistances.byteCount + scales.count * MemoryLayout<NoveltyScale>.stride + period.byteCount
    }

    /// Takes the next sample in. `seconds` since 1970, for the hour of the day and of the week; it may jump.
    /// What is no number scores 0 and is not learnt.
    package mutating func read(_ value: Double, at seconds: Int64) -> Reading {
        guard value.isFinite else { return Reading(score: 0, strongest: nil) }
        let bounded = min(max(value, -Self.valueLimit), Self.valueLimit)
        if first == nil { first = bounded }
        let distances = self.distances(of: bounded - (first ?? 0), at: seconds)
        var squares = 0.0
        var strongest: (evidence: Double, view: View)?
        for (index, view) in View.allCases.enumerated() {
            let evidence = scales[index].evidence(distance: distances[index])
            squares += evidence * evidence
            if evidence > strongest?.evidence ?? 0 { strongest = (evidence, view) }
        }
        let strength = squares.squareRoot()
        let samples = Double(period.samples(since: strength))
        let evidence = strength * samples / (samples + Self.patienceSamples)
        return Reading(score: evidence / (evidence + Self.halfwayEvidence), strongest: strongest?.view)
    }

    /// In the order of `View.allCases`, each as a share of the range, or of what else it is measured by.
    private mutating func distances(of value: Double, at seconds: Int64) -> [Double] {
        let distance = values.distance(of: value)
        let offset = abs(value - middle.median) + 3 * middle.meanDeviation
        middle.insert(value)
        var all = [share(distance, values.range), share(distance, offset), 0, 0, 0, 0]
        _ = newest.push(value)
        if newest.isFull { all[2] = share(levels.distance(of: newest.mean), levels.range) }
        if let before = earlier.push(value) {
            all[3] = share(changes.distance(of: value - before), changes.range)
        }
        _ = dayDistances.push(share(days.distance(of: value, at: seconds), values.range))
        if dayDistances.isFull { all[4] = dayDistances.minimum }
        _ = weekDistances.push(share(weeks.distance(of: value, at: seconds), values.range))
        if weekDistances.isFull { all[5] = weekDistances.minimum }
        return all
    }

    /// Where there is nothing to measure by, any distance is the whole.
    private func share(_ distance: Double, _ measure: Double) -> Double {
        distance == 0 ? 0 : measure > 0 ? distance / measure : 1
    }

    private static func scale(of view: View) -> NoveltyScale {
        switch view {
        case .value: NoveltyScale(scale: 0.08, weight: 1)
        case .proportion: NoveltyScale(scale: 0.16, weight: 0.7)
        case .level: NoveltyScale(scale: 0.08, weight: 0.7)
        case .change: NoveltyScale(scale: 0.1, weight: 0.7)
        case .day: NoveltyScale(scale: 0.09, weight: 1)
        case .week: NoveltyScale(scale: 0.09, weight: 0.7)
        }
    }
}
