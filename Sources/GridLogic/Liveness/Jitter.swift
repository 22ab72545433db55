/// How much a round trip varies from one time to the next: the smoothed mean of the differences, as RFC 3550 §6.4.1 has
/// it for streams. Each new difference counts a sixteenth.
package struct Jitter: Sendable, Hashable {
    private var last: Int64?
    package private(set) var microseconds = 0.0

    package init() {}

    /// - Parameter roundTrip: microseconds; 0 and less say that none was measured.
    package mutating func note(_ roundTrip: Int64) {
        guard roundTrip > 0 else { return }
        if let last {
            let difference = Double(roundTrip > last ? roundTrip - last : last - roundTrip)
            microseconds += (difference - microseconds) / 16
        }
        last = roundTrip
    }
}
