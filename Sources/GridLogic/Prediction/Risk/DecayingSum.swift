import GridModel

/// A sum that halves with time: how many of something lately.
struct DecayingSum: Sendable {
    private let halfLifeSeconds: Double
    private var sum = 0.0
    private var asOf: MonotonicTime?

    init(halfLifeSeconds: Double) { self.halfLifeSeconds = halfLifeSeconds }

    mutating func add(_ amount: Double, at time: MonotonicTime) {
        sum = value(at: time) + amount
        asOf = max(asOf ?? time, time)
    }

    /// Time that goes back changes nothing.
    func value(at time: MonotonicTime) -> Double {
        guard let asOf else { return 0 }
        return sum * Mathematics.half(to: max(0, time.seconds(since: asOf)) / halfLifeSeconds)
    }
}

extension MonotonicTime {
    func seconds(since earlier: MonotonicTime) -> Double {
        Double(nanoseconds) / 1e9 - Double(earlier.nanoseconds) / 1e9
    }
}
