/// The few functions of analysis that predictions need: the pure targets have no C library, and a prediction must be
/// the same on every platform to the last bit.
package enum Mathematics {
    private static let ln2 = 0.693_147_180_559_945_3
    /// The same in two parts, the first with zeros at its end, so that its multiples are exact.
    private static let ln2High = 0.693_147_180_369_123_8
    private static let ln2Low = 1.908_214_929_270_587_7e-10

    /// The natural logarithm, within 2e-15 relative or absolute. -∞ at 0; NaN below.
    ///
    /// x = m·2^e with m in √½ ... √2, and ln m = 2·artanh((m-1)/(m+1)) by its series.
    package static func log(_ x: Double) -> Double {
        guard x > 0 else { return x == 0 ? -.infinity : .nan }
        guard x.isFinite else { return x }
        var exponent = Double(x.exponent)
        var mantissa = x.significand
        if mantissa > 1.414_213_562_373_095 {
            mantissa /= 2
            exponent += 1
        }
        let ratio = (mantissa - 1) / (mantissa + 1)
        let square = ratio * ratio
        var sum = 0.0
        for divisor in stride(from: 23.0, through: 1, by: -2) { sum = sum * square + 1 / divisor }
        return exponent * ln2 + 2 * ratio * sum
    }

    /// e to the `x`, within 2e-15 relative; 0 below -708, where results would lose their digits.
    ///
    /// x = k·ln 2 + r with |r| ≤ ½·ln 2, and the series of e^r.
    package static func exp(_ x: Double) -> Double {
        guard !x.isNaN else { return .nan }
        guard x > -708 else { return 0 }
        guard x < 709 else { return .infinity }
        let power = (x / ln2).rounded()
        let rest = x - power * ln2High - power * ln2Low
        var sum = 1.0
        for divisor in stride(from: 14.0, through: 1, by: -1) { sum = 1 + sum * rest / divisor }
        return Double(sign: .plus, exponent: Int(power), significand: sum)
    }

    /// What is left of 1 after `halfLives`: ½ to their power.
    package static func half(to halfLives: Double) -> Double { exp(-halfLives * ln2) }

    /// How unlikely a standard normal variable is to exceed `z`, as -log10 of the probability: 0.3 at the mean, 1.6 at
    /// two deviations, 6.5 at five. Never negative; within 4 % where `z` ≥ 0.
    ///
    /// The approximation of the Gaussian tail by Karagiannidis and Lioumpas (IEEE Communications Letters 11, 2007).
    package static func tailSurprise(_ z: Double) -> Double {
        guard !z.isNaN else { return 0 }
        let ln10 = 2.302_585_092_994_046
        if z < 0 { return max(0, -log(1 - probability(-z)) / ln10) }
        guard z > 1e-9 else { return log(2) / ln10 }
        return (z * z / 2 - log((1 - exp(-1.4 * z)) / (1.135 * 2.506_628_274_631 * z))) / ln10
    }

    private static func probability(_ z: Double) -> Double {
        guard z > 1e-9 else { return 0.5 }
        return exp(-z * z / 2) * (1 - exp(-1.4 * z)) / (1.135 * 2.506_628_274_631 * z)
    }
}
