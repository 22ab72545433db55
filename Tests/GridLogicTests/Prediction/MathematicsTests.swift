import GridLogic
import Testing

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

struct MathematicsTests {
    @Test func `logarithms and exponentials are those of the C library`() {
        for step in -3_000...3_000 {
            let x = Double(step) / 10
            let power = Mathematics.exp(x)
            #expect(abs(power - exp(x)) <= 2e-15 * exp(x))
            #expect(abs(Mathematics.log(power) - log(power)) <= 2e-15 * max(1, abs(log(power))))
        }
        for x in [1.0, 0.999_999_999, 1.000_000_001, 1e-300, Double.leastNonzeroMagnitude, 1e300, 0.1, 2, 3.7] {
            #expect(abs(Mathematics.log(x) - log(x)) <= 2e-15 * max(1, abs(log(x))))
        }
    }

    @Test func `what has no finite answer is said so`() {
        #expect(Mathematics.log(0) == -.infinity)
        #expect(Mathematics.log(-1).isNaN)
        #expect(Mathematics.log(.infinity) == .infinity)
        #expect(Mathematics.exp(-1_000) == 0)
        #expect(Mathematics.exp(1_000) == .infinity)
        #expect(Mathematics.exp(.nan).isNaN)
        #expect(Mathematics.tailSurprise(.nan) == 0)
        #expect(Mathematics.tailSurprise(-.infinity) == 0)
        #expect(Mathematics.tailSurprise(.infinity) == .infinity)
    }

    @Test func `the tail of the normal distribution is near the true one, and falls without a step`() {
        var last = -1.0
        for step in 0...300 {
            let z = Double(step) / 10 - 5
            let surprise = Mathematics.tailSurprise(z)
            let exact = -log10(0.5 * erfc(z / 2.0.squareRoot()))
            #expect(abs(surprise - exact) <= 0.04 * max(exact, 0.3), "at \(z): \(surprise), not \(exact)")
            #expect(surprise >= last)
            last = surprise
        }
    }
}
