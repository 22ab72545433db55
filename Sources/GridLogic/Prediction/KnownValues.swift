/// The values one quantity has taken, and so how new another is. A value becomes known `delay` samples after it was
/// seen, so that a slowly moving quantity is not its own precedent.
struct KnownValues: Sendable {
    /// Before so many are known, nothing is called new.
    private static let leastKnown = 100
    private static let cellCount = 2_048

    private var grid = OccupancyGrid(cellCount: KnownValues.cellCount)
    private var waiting: RecentValues
    private let needed: Int
    private var count = 0
    private var low = Double.infinity
    private var high = -Double.infinity

    init(delay: Int) {
        waiting = RecentValues(capacity: delay + 1)
        needed = max(Self.leastKnown, delay)
    }

    var byteCount: Int { grid.byteCount + waiting.byteCount }

    /// Of what is known; 0 when that is one value or none.
    var range: Double { max(0, high - low) }

    /// The distance of `value` from the nearest known one, in the unit of the values; 0 while too little is known.
    /// Then takes `value` in.
    mutating func distance(of value: Double) -> Double {
        if let known = waiting.push(value) {
            grid.insert(known)
            count += 1
            low = min(low, known)
            high = max(high, known)
        }
        return count < needed ? 0 : grid.distance(from: value) ?? 0
    }
}
