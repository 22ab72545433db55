/// How long ago something comparable happened: the count of samples since one that was at least `share` as strong.
///
/// In constant memory: strengths fall into levels of an eighth of an octave, and each level knows when it, or a higher
/// one, was last reached.
package struct ReturnPeriod: Sendable {
    /// 2^-10 to 2^6.
    private static let levelCount = 128
    private static let lowestExponent = -10

    private let share: Double
    private var lastReached = [Int](repeating: 0, count: ReturnPeriod.levelCount)
    private var count = 0

    package init(share: Double) { self.share = share }

    package var byteCount: Int { lastReached.count * MemoryLayout<Int>.size }

    /// Takes the next sample's strength in; samples since a comparable one, or since the beginning.
    package mutating func samples(since strength: Double) -> Int {
        count += 1
        let period = count - lastReached[Self.level(strength * share)]
        // Levels below the reached one were reached as well; those reached just now need no second look.
        var level = Self.level(strength)
        while level >= 0, lastReached[level] != count {
            lastReached[level] = count
            level -= 1
        }
        return period
    }

    private static func level(_ strength: Double) -> Int {
        guard strength > 0 else { return 0 }
        let eighth = Int((strength.significand - 1) * 8)
        return min(max((Int(strength.exponent) - lowestExponent) * 8 + eighth, 0), levelCount - 1)
    }
}
