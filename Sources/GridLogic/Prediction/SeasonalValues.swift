/// The values a quantity took at each hour of the day, or of the week: how new one is for its hour, however common it
/// is at others.
///
/// The period is cut into bins; a value is compared with those of earlier periods in its bin and the two beside it.
package struct SeasonalValues: Sendable {
    private static let cellCount = 512

    private let periodSeconds: Int64
    private let binCount: Int
    private let neededVisits: Int
    /// A row for each bin, then two for what was seen in the bin of now and in the one before it: they become known
    /// when time has gone two bins further, so that a morning is not its own precedent.
    private var grid: OccupancyGrid
    private var visits: [UInt8]
    private var current: Int?
    private var previous: Int?

    /// Says nothing before some bin at hand was visited in `neededVisits` periods.
    package init(periodSeconds: Int64, binCount: Int, neededVisits: Int) {
        self.periodSeconds = periodSeconds
        self.binCount = binCount
        self.neededVisits = neededVisits
        grid = OccupancyGrid(cellCount: Self.cellCount, rows: binCount + 2)
        visits = Array(repeating: 0, count: binCount)
    }

    package var byteCount: Int { grid.byteCount + visits.count }

    /// The distance of `value` from the nearest known at this time of the period; 0 while too little is known. Then
    /// takes `value` in. `seconds` since any fixed point.
    package mutating func distance(of value: Double, at seconds: Int64) -> Double {
        let phase = ((seconds % periodSeconds) + periodSeconds) % periodSeconds
        let bin = Int(phase * Int64(binCount) / periodSeconds)
        if bin != current { enter(bin) }
        let around = [(bin + binCount - 1) % binCount, bin, (bin + 1) % binCount]
        let seen = around.reduce(0) { max($0, Int(visits[$1])) }
        let distance = seen < neededVisits ? 0 : grid.distance(from: value, rows: around) ?? 0
        grid.insert(value, row: binCount)
        return distance
    }

    private mutating func enter(_ bin: Int) {
        if let previous { settle(previous, row: binCount + 1) }
        previous = nil
        if let current {
            if (current + 1) % binCount == bin {
                grid.move(row: binCount, into: binCount + 1)
                previous = current
            } else {
                settle(current, row: binCount)
            }
        }
        current = bin
    }

    private mutating func settle(_ bin: Int, row: Int) {
        grid.move(row: row, into: bin)
        visits[bin] = visits[bin] == .max ? .max : visits[bin] + 1
    }
}
