package import GridModel

/// How much may come in over time: so many a second, and so many at once after a quiet while.
package struct BucketRate: Sendable, Hashable {
    /// 0: without limit.
    package var perSecond: Int
    package var burst: Int

    package init(perSecond: Int, burst: Int) {
        self.perSecond = perSecond
        self.burst = burst
    }

    /// What a bucket can count in its thousand-millionths.
    private static let most = 4_000_000_000

    package static let unlimited = BucketRate(perSecond: 0, burst: 0)

    /// A share of it, with as much at once as comes in a twentieth of a second, but not less than a person needs.
    package func contended(by divisor: Int) -> BucketRate {
        guard perSecond > 0 else { return self }
        let rate = max(perSecond / divisor, 1)
        return BucketRate(perSecond: rate, burst: min(burst, max(rate / 20, Self.leastBurst)))
    }

    private static let leastBurst = 20

    package func scaled(by factor: Int) -> BucketRate {
        BucketRate(
            perSecond: min(perSecond * factor, Self.most), burst: min(burst * factor, Self.most))
    }
}

/// A token bucket: fills at a rate up to its burst, and is emptied by what comes. It may go into debt by as much as its
/// user allows, who then waits until the debt is paid; so what is taken over any time never exceeds rate × time + burst
/// by more than one allowance.
package struct TokenBucket: Sendable, Hashable {
    /// In thousand-millionths, so that a nanosecond at one a second is one: no rounding. Negative: debt.
    private var nanotokens: Int64
    private var filledAt: MonotonicTime

    package init(_ rate: BucketRate, at now: MonotonicTime) {
        nanotokens = Int64(rate.burst) * Self.one
        filledAt = now
    }

    /// Takes as many of `wanted` as there are, and as fit into a debt of `allowance` beyond that.
    package mutating func take(_ wanted: Int, _ rate: BucketRate, allowance: Int = 0, at now: MonotonicTime) -> Int {
        guard rate.perSecond > 0 else { return wanted }
        fill(rate, at: now)
        let taken = min(wanted, max(0, Int((nanotokens + Int64(allowance) * Self.one) / Self.one)))
        nanotokens -= Int64(taken) * Self.one
        return taken
    }

    /// Until `count` tokens will be there; 0 when they are.
    package mutating func milliseconds(until count: Int, _ rate: BucketRate, at now: MonotonicTime) -> Int64 {
        guard rate.perSecond > 0 else { return 0 }
        fill(rate, at: now)
        let missing = Int64(count) * Self.one - nanotokens
        guard missing > 0 else { return 0 }
        let nanoseconds = (missing - 1) / Int64(rate.perSecond) + 1
        return (nanoseconds + 999_999) / 1_000_000
    }

    /// Nothing is remembered of it: a new one would be the same.
    package mutating func isFull(_ rate: BucketRate, at now: MonotonicTime) -> Bool {
        guard rate.perSecond > 0 else { return true }
        fill(rate, at: now)
        return nanotokens >= Int64(rate.burst) * Self.one
    }

    private mutating func fill(_ rate: BucketRate, at now: MonotonicTime) {
        // A clock that seems to go back fills nothing.
        guard now > filledAt else { return }
        let elapsed = now.nanoseconds - filledAt.nanoseconds
        let missing = Int64(rate.burst) * Self.one - nanotokens
        // Compared before it is multiplied: a long quiet time would not fit into the product.
        nanotokens += elapsed > missing / Int64(rate.perSecond) ? missing : elapsed * Int64(rate.perSecond)
        filledAt = now
    }

    private static let one: Int64 = 1_000_000_000
}
