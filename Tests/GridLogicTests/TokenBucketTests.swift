import GridLogic
import GridModel
import Testing

struct TokenBucketTests {
    private static func at(_ milliseconds: Int64) -> MonotonicTime {
        MonotonicTime(nanoseconds: 1_000_000_000 + milliseconds * 1_000_000)
    }

    struct Step: Sendable {
        let atMilliseconds: Int64
        let wanted: Int
        var allowance = 0
        let taken: Int
    }

    static let stories: [(BucketRate, [Step])] = [
        (
            BucketRate(perSecond: 10, burst: 20),
            [
                Step(atMilliseconds: 0, wanted: 25, taken: 20), Step(atMilliseconds: 0, wanted: 1, taken: 0),
                Step(atMilliseconds: 99, wanted: 1, taken: 0), Step(atMilliseconds: 100, wanted: 5, taken: 1),
                Step(atMilliseconds: 1_100, wanted: 50, taken: 10), Step(atMilliseconds: 60_000, wanted: 50, taken: 20),
            ]
        ),
        // In debt, nothing more comes until it is paid.
        (
            BucketRate(perSecond: 10, burst: 10),
            [
                Step(atMilliseconds: 0, wanted: 30, allowance: 10, taken: 20),
                Step(atMilliseconds: 500, wanted: 30, allowance: 10, taken: 5),
                Step(atMilliseconds: 1_500, wanted: 1, taken: 0), Step(atMilliseconds: 1_600, wanted: 1, taken: 1),
            ]
        ),
        (.unlimited, [Step(atMilliseconds: 0, wanted: 1_000_000, taken: 1_000_000)]),
        // A clock that goes back gives nothing and takes nothing away.
        (
            BucketRate(perSecond: 1_000, burst: 5),
            [Step(atMilliseconds: 10, wanted: 5, taken: 5), Step(atMilliseconds: 0, wanted: 5, taken: 0)]
        ),
    ]

    @Test(arguments: stories.indices)
    func `takes what there is and no more`(index: Int) {
        let (rate, steps) = Self.stories[index]
        var bucket = TokenBucket(rate, at: Self.at(0))
        for step in steps {
            let taken = bucket.take(step.wanted, rate, allowance: step.allowance, at: Self.at(step.atMilliseconds))
            #expect(taken == step.taken, "at \(step.atMilliseconds) ms of story \(index)")
        }
    }

    @Test(arguments: 1...20)
    func `over any time no more is taken than rate, burst and allowance together`(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        let rate = BucketRate(perSecond: 1 + Int(random.next() % 1_000), burst: 1 + Int(random.next() % 500))
        let allowance = Int(random.next() % 300)
        var bucket = TokenBucket(rate, at: Self.at(0))
        var now: Int64 = 0
        var total = 0
        for _ in 0..<2_000 {
            now += Int64(random.next() % 50)
            total += bucket.take(Int(random.next() % 200), rate, allowance: allowance, at: Self.at(now))
            let most = Double(rate.perSecond) * Double(now) / 1_000 + Double(rate.burst + allowance)
            #expect(Double(total) <= most + 1e-6)
        }
        let waited = bucket.milliseconds(until: 1, rate, at: Self.at(now))
        let one = bucket.take(1, rate, at: Self.at(now + waited))
        #expect(one == 1)
    }
}
