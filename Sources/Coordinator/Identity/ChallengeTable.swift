package import GridModel

/// The numbers that were drawn for machines to sign, each good for one answer within a minute.
package struct ChallengeTable: Sendable {
    package static let lifeMilliseconds: Int64 = 60_000
    /// Beyond it the oldest go: a stranger who asks for many can make others ask again, and no more.
    package static let capacity = 4_096

    private var drawn: [[UInt8]: MonotonicTime] = [:]
    /// In the order in which they were drawn; those that were answered are skipped.
    private var order: [[UInt8]] = []

    package init() {}

    package mutating func add(_ nonce: [UInt8], at now: MonotonicTime) {
        while let oldest = order.first, drawn.count >= Self.capacity || drawn[oldest] == nil {
            drawn[oldest] = nil
            order.removeFirst()
        }
        drawn[nonce] = now
        order.append(nonce)
    }

    /// True once for each, in time.
    package mutating func take(_ nonce: [UInt8], at now: MonotonicTime) -> Bool {
        guard let since = drawn.removeValue(forKey: nonce) else { return false }
        return now.milliseconds(since: since) < Self.lifeMilliseconds
    }
}
