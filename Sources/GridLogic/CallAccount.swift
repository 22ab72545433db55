package import GridModel

/// What one caller has used of its limits. Owned by the gateway, one for each identity; decides, and does nothing.
package struct CallAccount: Sendable {
    /// Whether a call may begin, or bring so much.
    package enum Verdict: Sendable, Hashable {
        case admitted
        case refused(Shortage)
    }

    /// What there was too little of.
    package struct Shortage: Sendable, Hashable {
        package enum Kind: String, Sendable {
            case rate, openCalls, bytes
        }

        package let kind: Kind
        /// When asking again can succeed.
        package let retryAfterMilliseconds: Int64
        /// How long the refusal is to be held back.
        package let holdMilliseconds: Int64

        package init(kind: Kind, retryAfterMilliseconds: Int64, holdMilliseconds: Int64) {
            self.kind = kind
            self.retryAfterMilliseconds = retryAfterMilliseconds
            self.holdMilliseconds = holdMilliseconds
        }
    }

    /// How much of a batch of tasks is taken.
    package struct Grant: Sendable, Hashable {
        package let count: Int
        /// For those that were not taken.
        package let retryAfterMilliseconds: Int64
        /// How long nothing more is to be read from this caller: its debt.
        package let pauseMilliseconds: Int64
    }

    private var rates: [CallClass: TokenBucket] = [:]
    private var bytes: TokenBucket
    private var refusals: TokenBucket
    package private(set) var openCalls = 0

    package init(_ limits: CallLimits, at now: MonotonicTime) {
        bytes = TokenBucket(limits.bytes, at: now)
        refusals = TokenBucket(CallLimits.refusals, at: now)
    }

    /// A call wants to begin.
    package mutating func begin(_ callClass: CallClass, _ limits: CallLimits, at now: MonotonicTime) -> Verdict {
        guard openCalls < limits.openCalls else {
            return refuse(.openCalls, retryAfter: 1_000, at: now)
        }
        let rate = limits.rate(callClass)
        guard take(1, of: callClass, rate, at: now) == 1 else {
            return refuse(.rate, retryAfter: wait(for: callClass, rate, at: now), at: now)
        }
        openCalls += 1
        return .admitted
    }

    package mutating func end() {
        precondition(openCalls > 0, "a call ended that was not open")
        openCalls -= 1
    }

    /// The arguments of one call; those of a batch are counted with the batch.
    package mutating func carry(bytes count: Int, _ limits: CallLimits, at now: MonotonicTime) -> Verdict {
        guard take(bytes: count, limits, at: now) else {
            return refuse(.bytes, retryAfter: bytes.milliseconds(until: 1, limits.bytes, at: now), at: now)
        }
        return .admitted
    }

    /// What a look at the grid brings up, beyond the call itself: on credit when there is any left, so that a long list is
    /// answered, and the next one waits for it.
    package mutating func look(cost: Int, _ limits: CallLimits, at now: MonotonicTime) -> Verdict {
        guard cost > 0 else { return .admitted }
        let wait = wait(for: .read, limits.read, tokens: 0, at: now)
        guard wait == 0 else { return refuse(.rate, retryAfter: wait, at: now) }
        _ = take(cost, of: .read, limits.read, allowance: cost, at: now)
        return .admitted
    }

    /// A batch of tasks on an open stream. Up to a second's worth is taken on credit, and the stream pauses for it: who
    /// sends steadily too much is slowed down, and only what comes in one lump too large is refused.
    package mutating func submit(
        _ count: Int, bytes size: Int, _ limits: CallLimits, at now: MonotonicTime
    ) -> Grant {
        let rate = limits.submit
        guard take(bytes: size, limits, at: now) else {
            let wait = bytes.milliseconds(until: 1, limits.bytes, at: now)
            return Grant(count: 0, retryAfterMilliseconds: wait, pauseMilliseconds: min(wait, Self.longestPause))
        }
        let taken = take(count, of: .submit, rate, allowance: rate.perSecond, at: now)
        let debt = wait(for: .submit, rate, tokens: 0, at: now)
        let refused = count - taken
        // What is refused in bulk has cost us its reading.
        let penalty = rate.perSecond == 0 ? 0 : Int64(refused) * 100 / Int64(rate.perSecond)
        return Grant(
            count: taken, retryAfterMilliseconds: refused == 0 ? 0 : debt + 1_000,
            pauseMilliseconds: min(debt + penalty, Self.longestPause))
    }

    /// Nothing is remembered of this caller: forgetting it changes nothing.
    package mutating func isIdle(_ limits: CallLimits, at now: MonotonicTime) -> Bool {
        guard openCalls == 0, bytes.isFull(limits.bytes, at: now), refusals.isFull(CallLimits.refusals, at: now) else {
            return false
        }
        for callClass in CallClass.allCases {
            guard var bucket = rates[callClass] else { continue }
            if !bucket.isFull(limits.rate(callClass), at: now) { return false }
        }
        return true
    }

    private mutating func take(
        _ count: Int, of callClass: CallClass, _ rate: BucketRate, allowance: Int = 0, at now: MonotonicTime
    ) -> Int {
        rates[callClass, default: TokenBucket(rate, at: now)].take(count, rate, allowance: allowance, at: now)
    }

    private mutating func wait(
        for callClass: CallClass, _ rate: BucketRate, tokens: Int = 1, at now: MonotonicTime
    ) -> Int64 {
        rates[callClass, default: TokenBucket(rate, at: now)].milliseconds(until: tokens, rate, at: now)
    }

    /// Whole or not at all, on credit when there is any left: one request can be larger than what is left of a second.
    private mutating func take(bytes count: Int, _ limits: CallLimits, at now: MonotonicTime) -> Bool {
        guard count > 0 else { return true }
        guard bytes.milliseconds(until: 1, limits.bytes, at: now) == 0 else { return false }
        return bytes.take(count, limits.bytes, allowance: count, at: now) == count
    }

    private mutating func refuse(
        _ kind: Shortage.Kind, retryAfter: Int64, at now: MonotonicTime
    ) -> Verdict {
        let rate = CallLimits.refusals
        let most = Int(CallLimits.longestHoldMilliseconds) * rate.perSecond / 1_000
        _ = refusals.take(1, rate, allowance: most, at: now)
        let hold = min(refusals.milliseconds(until: 0, rate, at: now), CallLimits.longestHoldMilliseconds)
        return .refused(Shortage(kind: kind, retryAfterMilliseconds: max(retryAfter, 1), holdMilliseconds: hold))
    }

    private static let longestPause: Int64 = 10_000
}
