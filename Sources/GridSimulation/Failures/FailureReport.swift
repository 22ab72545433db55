/// What the judge did in a simulated world.
package struct FailureReport: Sendable {
    /// Milliseconds from a death to its discovery.
    package struct Spread: Sendable {
        private var values: [Int64] = []

        package var count: Int { values.count }

        mutating func add(_ milliseconds: Int64) { values.append(milliseconds) }

        /// Nil when there were none. `share`: 0 ... 1.
        package func percentile(_ share: Double) -> Int64? {
            guard !values.isEmpty else { return nil }
            let sorted = values.sorted()
            let rank = Int((Double(sorted.count) * share).rounded(.up))
            return sorted[min(max(rank, 1), sorted.count) - 1]
        }
    }

    package var nodeMonths = 0.0
    package var heartbeats = 0
    package var probes = 0
    /// Of nodes that lived.
    package var falseSuspicions = 0
    package var falseLosses = 0
    /// Those given up, dead or not.
    package var failovers = 0
    package var deaths = 0
    package var brakeEngaged = 0
    package var crashLost = Spread()
    package var cutSuspect = Spread()
    package var cutLost = Spread()

    package func perNodeMonth(_ count: Int) -> Double { nodeMonths > 0 ? Double(count) / nodeMonths : 0 }
}
