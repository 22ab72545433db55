import GridModel

/// When a disk will be full at the rate of the last hour or so: a straight line through what was free, older samples
/// counting less.
struct DiskForecast: Sendable {
    private static let halfLifeSeconds = 3_600.0
    private static let leastSpanSeconds = 600.0
    private static let leastSamples = 20

    private var first: MonotonicTime?
    private var newest: MonotonicTime?
    private var samples = 0
    private var weight = 0.0
    /// Means and moments of time (seconds before the newest sample) and of what was free (bytes), by weight.
    private var meanTime = 0.0
    private var meanFree = 0.0
    private var timeSquares = 0.0
    private var freeSquares = 0.0
    private var products = 0.0
    private var free = 0.0
    /// When the fall began that is forecast from.
    private(set) var fallingSince: Timestamp?

    mutating func observe(freeBytes: Int64, at moment: Moment) {
        let value = Double(max(0, freeBytes))
        if let newest {
            let elapsed = moment.monotonic.seconds(since: newest)
            guard elapsed > 0 else { return }
            // All earlier samples lie further back by as much, and count less.
            meanTime -= elapsed
            let share = Mathematics.half(to: elapsed / Self.halfLifeSeconds)
            weight *= share
            timeSquares *= share
            freeSquares *= share
            products *= share
        }
        if first == nil { first = moment.monotonic }
        newest = moment.monotonic
        samples += 1
        weight += 1
        let timeStep = -meanTime
        let freeStep = value - meanFree
        meanTime += timeStep / weight
        meanFree += freeStep / weight
        timeSquares += timeStep * -meanTime
        freeSquares += freeStep * (value - meanFree)
        products += timeStep * (value - meanFree)
        free = value
        if secondsToFull == nil { fallingSince = nil } else if fallingSince == nil { fallingSince = moment.wall }
    }

    /// Nil while it is not falling, or not along a line: at least two thirds of how it varied must be explained by time.
    var secondsToFull: Double? {
        guard let first, let newest, samples >= Self.leastSamples,
            newest.seconds(since: first) >= Self.leastSpanSeconds, timeSquares > 0, freeSquares > 0
        else { return nil }
        let slope = products / timeSquares
        guard slope < 0, products * products / (timeSquares * freeSquares) >= 0.67 else { return nil }
        return free / -slope
    }
}
