/// Durations in nanoseconds, counted in buckets whose width grows with the value: every power of two is cut into 256, so
/// a percentile is at most 0.4 % too high, in 100 KB however many values there are.
package struct LatencyHistogram: Sendable, Equatable {
    private static let precision = 8

    /// Grows as far as the largest value needs.
    private var buckets: [UInt64] = []
    package private(set) var count: UInt64 = 0
    package private(set) var maximum: UInt64 = 0
    private var sum: Double = 0

    package init() {}

    package mutating func record(_ value: UInt64) {
        let bucket = Self.bucket(of: value)
        if bucket >= buckets.count { buckets += repeatElement(0, count: bucket + 1 - buckets.count) }
        buckets[bucket] += 1
        count += 1
        maximum = max(maximum, value)
        sum += Double(value)
    }

    package mutating func merge(_ other: LatencyHistogram) {
        if other.buckets.count > buckets.count {
            buckets += repeatElement(0, count: other.buckets.count - buckets.count)
        }
        for (bucket, count) in other.buckets.enumerated() { buckets[bucket] += count }
        count += other.count
        maximum = max(maximum, other.maximum)
        sum += other.sum
    }

    /// The smallest bucket's end below which at least this share (0 ... 1) of the values lies; 0 when there are none.
    package func percentile(_ share: Double) -> UInt64 {
        guard count > 0 else { return 0 }
        let wanted = max(1, UInt64((min(max(share, 0), 1) * Double(count)).rounded(.up)))
        var seen: UInt64 = 0
        for (bucket, count) in buckets.enumerated() {
            seen += count
            if seen >= wanted { return min(Self.end(of: bucket), maximum) }
        }
        return maximum
    }

    package var mean: Double { count == 0 ? 0 : sum / Double(count) }

    /// Values below 512 have a bucket each.
    package static func bucket(of value: UInt64) -> Int {
        let shift = max(0, UInt64.bitWidth - value.leadingZeroBitCount - (precision + 1))
        return shift << precision + Int(value >> UInt64(shift))
    }

    /// The largest value in the bucket.
    package static func end(of bucket: Int) -> UInt64 {
        let shift = max(0, bucket >> precision - 1)
        let start = UInt64(bucket - shift << precision) << UInt64(shift)
        return start + (1 << UInt64(shift) - 1)
    }
}
