/// Mean and spread of everything seen, the newest 8,000 values or so counting most.
struct RunningMoments: Sendable {
    private static let memory = 8_000.0

    private(set) var count = 0
    private(set) var mean = 0.0
    private var variance = 0.0

    var deviation: Double { max(variance, 0).squareRoot() }

    mutating func insert(_ value: Double) {
        count += 1
        let share = 1 / min(Double(count), Self.memory)
        let difference = value - mean
        mean += share * difference
        variance = (1 - share) * (variance + share * difference * difference)
    }
}

/// The middle of a stream and how far values typically lie from it: a median that is nudged by each value, which no
/// single value can drag away.
struct RunningMiddle: Sendable {
    private static let memory = 2_000.0

    private var count = 0.0
    private(set) var median = 0.0
    private(set) var meanDeviation = 0.0

    mutating func insert(_ value: Double) {
        if count == 0 { median = value }
        count += 1
        let difference = value - median
        meanDeviation += (abs(difference) - meanDeviation) / min(count, Self.memory)
        let step = meanDeviation * max(0.01, 1 / count)
        if difference > 0 { median += step } else if difference < 0 { median -= step }
    }
}

/// The newest values, as many as `capacity`.
struct RecentValues: Sendable {
    private var values: [Double]
    private var next = 0
    private(set) var isFull = false

    init(capacity: Int) { values = Array(repeating: 0, count: capacity) }

    var byteCount: Int { values.count * 8 }

    /// Takes `value` in and gives the one it drives out; nil while there is room.
    mutating func push(_ value: Double) -> Double? {
        let driven = isFull ? values[next] : nil
        values[next] = value
        next += 1
        if next == values.count {
            next = 0
            isFull = true
        }
        return driven
    }

    /// Summed afresh each time: a running sum would drift.
    var mean: Double { values.reduce(0, +) / Double(values.count) }
    var minimum: Double { values.reduce(.infinity, min) }
}
