import Testing

@testable import noizylab

@Suite struct BenchHistogramTests {
    @Test func `a percentile is never below the value and at most 0.4 % above it`() {
        for value: UInt64 in [0, 1, 255, 256, 511, 512, 513, 1_000, 65_535, 1_000_003, 60_000_000_000] {
            var histogram = LatencyHistogram()
            histogram.record(value)
            histogram.record(value * 4 + 4)

            let found = histogram.percentile(0.5)

            #expect(found >= value)
            #expect(Double(found) <= Double(value) * 1.004)
        }
    }

    @Test func `values fall into buckets without a gap`() {
        var previous = LatencyHistogram.bucket(of: 0)
        for value: UInt64 in 1..<100_000 {
            let bucket = LatencyHistogram.bucket(of: value)
            #expect(bucket == previous || bucket == previous + 1)
            #expect(LatencyHistogram.end(of: bucket) >= value)
            previous = bucket
        }
    }

    @Test func `percentiles of one to ten thousand are where they belong`() {
        var histogram = LatencyHistogram()
        for value: UInt64 in 1...10_000 { histogram.record(value) }

        #expect((5_000...5_020).contains(histogram.percentile(0.5)))
        #expect((9_900...9_940).contains(histogram.percentile(0.99)))
        #expect(histogram.percentile(1) == 10_000)
        #expect(histogram.maximum == 10_000)
        #expect(histogram.mean == 5_000.5)
    }

    @Test func `merging gives what recording together gives`() {
        var low = LatencyHistogram()
        var high = LatencyHistogram()
        var together = LatencyHistogram()
        for value: UInt64 in 1...500 {
            low.record(value)
            high.record(value * 1_000)
            together.record(value)
            together.record(value * 1_000)
        }

        low.merge(high)

        #expect(low.count == together.count)
        #expect([0.1, 0.5, 0.9, 1].allSatisfy { low.percentile($0) == together.percentile($0) })
    }

    @Test func `an empty histogram answers nought`() {
        #expect(LatencyHistogram().percentile(0.99) == 0)
        #expect(LatencyHistogram().mean == 0)
    }
}
