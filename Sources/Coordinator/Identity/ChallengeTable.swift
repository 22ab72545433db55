package import GridModel

/// The numbers that were drawn for machines to sign, each good for one answer within a minute.
package struct ChallengeTable: Sendable {
    package static let lifeMilliseconds: Int64 = 60_000
    /// Of the numbers drawn so many are remembered, answered or not, and the oldest go: a stranger who asks for many can
    /// make others ask again, and no more.
    package static let capacity = 4_096

    private var drawn: [[UInt8]: MonotonicTime] = [:]
    /// The newest of them, in a ring.
    private var ring: [[UInt8]] = []
    private var oldest = 0

    package init() {}

    package mutating func add(_ nonce: [UInt8], at now: MonotonicTime) {
        if ring.count < Self.capacity {
            ring.append(nonce)
        } else {
            drawn[ring[oldest]] = nil
            ring[oldest] = nonce
            oldest = (oldest + 1) % Self.capacity
        }
        drawn[nonce] = now
    }

    /// True once for each, in time.
    package mutating func take(_ nonce: [UInt8], at now: MonotonicTime) -> Bool {
        guard let since = drawn.removeValue(forKey: nonce) else { return false }
        return now.milliseconds(since: since) < Self.lifeMilliseconds
    }
}
