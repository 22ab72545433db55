package import GridModel

/// Whether somebody else asks too. Remembers the two callers who asked last, which is enough to tell anybody of another.
package struct Contention<Owner: Hashable & Sendable>: Sendable {
    private struct Sighting: Sendable {
        var owner: Owner
        var at: MonotonicTime
    }

    private var last: Sighting?
    /// Of the owners other than the last, the one who asked last.
    private var other: Sighting?

    /// Whoever was silent for so long asks no more.
    private static var memoryMilliseconds: Int64 { 1_000 }

    package init() {}

    /// `owner` asks now. Whether another has within the last second.
    package mutating func note(_ owner: Owner, at now: MonotonicTime) -> Bool {
        if last?.owner != owner {
            other = last
            last = Sighting(owner: owner, at: now)
        } else {
            last?.at = now
        }
        return other.map { now.milliseconds(since: $0.at) < Self.memoryMilliseconds } ?? false
    }
}
