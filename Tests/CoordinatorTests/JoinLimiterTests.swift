import Coordinator
import GridModel
import Testing

struct JoinLimiterTests {
    private let now = MonotonicTime(nanoseconds: 100_000_000_000)

    @Test func `who tries too often waits, and nobody else does`() {
        let limiter = JoinLimiter()
        #expect(limiter.isOpen(to: "10.0.0.1", at: now))
        for _ in 0..<JoinLimiter.failuresPerGroup { limiter.failed("10.0.0.1") }

        #expect(!limiter.isOpen(to: "10.0.0.1", at: now))
        #expect(limiter.isOpen(to: "10.0.0.2", at: now))
        #expect(!limiter.isOpen(to: "10.0.0.1", at: now.advanced(byMilliseconds: 59_999)))
        #expect(limiter.isOpen(to: "10.0.0.1", at: now.advanced(byMilliseconds: 60_000)))
    }

    @Test func `all addresses of one network count as one`() {
        let limiter = JoinLimiter()
        #expect(limiter.isOpen(to: "2001:db8::1", at: now))
        for number in 0..<JoinLimiter.failuresPerGroup { limiter.failed("2001:db8::\(number)") }

        #expect(!limiter.isOpen(to: "2001:db8::ffff", at: now))
        #expect(limiter.isOpen(to: "2001:db8:0:1::1", at: now))
    }

    @Test func `of very many in all everybody waits`() {
        let limiter = JoinLimiter()
        #expect(limiter.isOpen(to: "10.0.0.1", at: now))
        for number in 0..<JoinLimiter.failuresInAll {
            #expect(limiter.isOpen(to: "10.1.0.1", at: now))
            limiter.failed("10.2.\(number / 250).\(number % 250)")
        }

        #expect(!limiter.isOpen(to: "10.1.0.1", at: now))
    }
}
