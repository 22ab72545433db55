import GridLogic
import GridModel
import Testing

/// An account that expectations can change.
private final class Account {
    private var account: CallAccount
    private let limits: CallLimits

    init(_ limits: CallLimits, at now: MonotonicTime) {
        self.limits = limits
        account = CallAccount(limits, at: now)
    }

    func begin(_ callClass: CallClass, at now: MonotonicTime) -> CallAccount.Verdict {
        account.begin(callClass, limits, at: now)
    }

    func end() { account.end() }

    func carry(bytes: Int, at now: MonotonicTime) -> CallAccount.Verdict {
        account.carry(bytes: bytes, limits, at: now)
    }

    func submit(_ count: Int, bytes: Int, at now: MonotonicTime) -> CallAccount.Grant {
        account.submit(count, bytes: bytes, limits, at: now)
    }

    func look(cost: Int, at now: MonotonicTime) -> CallAccount.Verdict { account.look(cost: cost, limits, at: now) }

    func isIdle(at now: MonotonicTime) -> Bool { account.isIdle(limits, at: now) }
}

struct CallAccountTests {
    private static func at(_ milliseconds: Int64) -> MonotonicTime {
        MonotonicTime(nanoseconds: 1_000_000_000 + milliseconds * 1_000_000)
    }

    private static var limits: CallLimits {
        var limits = CallLimits()
        limits.read = BucketRate(perSecond: 10, burst: 20)
        limits.submit = BucketRate(perSecond: 100, burst: 200)
        limits.bytes = BucketRate(perSecond: 1_000, burst: 1_000)
        limits.openCalls = 100
        return limits
    }

    @Test func `classes do not use up one another`() {
        let account = Account(Self.limits, at: Self.at(0))

        for _ in 0..<20 { #expect(account.begin(.read, at: Self.at(0)) == .admitted) }
        guard case .refused(let shortage) = account.begin(.read, at: Self.at(0)) else {
            Issue.record("the 21st read was admitted")
            return
        }
        #expect(shortage.kind == .rate)
        #expect(shortage.retryAfterMilliseconds == 100)
        #expect(shortage.holdMilliseconds == 0)
        #expect(account.begin(.change, at: Self.at(0)) == .admitted)
        #expect(account.begin(.read, at: Self.at(100)) == .admitted)
    }

    @Test func `what is open is bounded, and its end makes room`() {
        var limits = Self.limits
        limits.openCalls = 3
        let account = Account(limits, at: Self.at(0))

        for callClass in [CallClass.stream, .submit, .read] {
            #expect(account.begin(callClass, at: Self.at(0)) == .admitted)
        }
        guard case .refused(let shortage) = account.begin(.read, at: Self.at(0)) else {
            Issue.record("a fourth was admitted")
            return
        }
        #expect(shortage.kind == .openCalls)
        account.end()
        #expect(account.begin(.stream, at: Self.at(0)) == .admitted)
    }

    @Test func `who asks on after refusals waits longer and longer, up to a bound`() {
        let account = Account(Self.limits, at: Self.at(0))
        var holds: [Int64] = []
        for _ in 0..<1_000 {
            if case .refused(let shortage) = account.begin(.read, at: Self.at(0)) {
                holds.append(shortage.holdMilliseconds)
            }
        }

        #expect(holds.count == 980)
        #expect(holds.prefix(50).allSatisfy { $0 == 0 })
        #expect(holds[50] == 20)
        #expect(holds == holds.sorted())
        #expect(holds.last == CallLimits.longestHoldMilliseconds)
    }

    @Test func `a steady sender is slowed to its rate and nothing of it refused`() {
        let account = Account(Self.limits, at: Self.at(0))
        var now: Int64 = 0
        var sent = 0
        while now < 20_000 {
            let grant = account.submit(50, bytes: 0, at: Self.at(now))
            #expect(grant.count == 50)
            sent += 50
            now += max(grant.pauseMilliseconds, 1)
        }

        #expect((2_000...2_350).contains(sent), "\(sent) tasks in 20 s at 100/s with a burst of 200")
    }

    @Test func `a lump beyond burst and credit is refused for the rest`() {
        let account = Account(Self.limits, at: Self.at(0))

        let grant = account.submit(1_000, bytes: 0, at: Self.at(0))

        #expect(grant.count == 300)
        #expect(grant.retryAfterMilliseconds == 2_000)
        #expect(grant.pauseMilliseconds == 1_700)
        #expect(account.submit(1, bytes: 0, at: Self.at(0)).count == 0)
        #expect(account.submit(1, bytes: 0, at: Self.at(1_000)).count == 1)
    }

    @Test func `bytes go on credit once, and then are waited for`() {
        let account = Account(Self.limits, at: Self.at(0))

        #expect(account.carry(bytes: 5_000, at: Self.at(0)) == .admitted)
        guard case .refused(let shortage) = account.carry(bytes: 1, at: Self.at(0)) else {
            Issue.record("bytes beyond the credit were taken")
            return
        }
        #expect(shortage.kind == .bytes)
        #expect(shortage.retryAfterMilliseconds == 4_001)
        #expect(account.submit(1, bytes: 1, at: Self.at(0)).count == 0)
        #expect(account.carry(bytes: 1, at: Self.at(4_001)) == .admitted)
    }

    @Test func `an account is forgotten only when nothing is remembered in it`() {
        let account = Account(Self.limits, at: Self.at(0))
        #expect(account.isIdle(at: Self.at(0)))

        _ = account.begin(.stream, at: Self.at(0))
        #expect(!account.isIdle(at: Self.at(60_000)))
        account.end()
        #expect(!account.isIdle(at: Self.at(0)))
        #expect(account.isIdle(at: Self.at(60_000)))
    }

    @Test func `a long list is answered, and the next one waits for it`() {
        var limits = CallLimits()
        limits.read = BucketRate(perSecond: 100, burst: 50)
        let account = Account(limits, at: Self.at(0))

        #expect(account.look(cost: 100, at: Self.at(0)) == .admitted)
        guard case .refused(let shortage) = account.look(cost: 1, at: Self.at(100)) else {
            Issue.record("a look on top of a debt was admitted")
            return
        }
        #expect(shortage.retryAfterMilliseconds == 400)
        #expect(account.look(cost: 1, at: Self.at(500)) == .admitted)
    }

    @Test func `while others ask too, a burst and a rate are a part of what they are alone`() {
        var limits = CallLimits()
        limits.submit = BucketRate(perSecond: 2_000, burst: 4_000)
        limits.change = BucketRate(perSecond: 50, burst: 200)
        limits.contendedDivisor = 4

        let contended = limits.contended

        #expect(contended.submit == BucketRate(perSecond: 500, burst: 25))
        #expect(contended.change == limits.change)
        #expect(contended.openCalls == limits.openCalls)
        limits.contendedDivisor = 1
        #expect(limits.contended == limits)
    }
}
