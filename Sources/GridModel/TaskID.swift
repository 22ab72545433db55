/// Names one task for ever. Ascending in the order of acceptance, so that the store appends instead of inserting.
///
/// People see the text form: eight letters and digits (Crockford's base 32, lower case) of the number scrambled by a
/// bijection on 40 bits, so that neighbours differ in their first letters and short prefixes are enough to name one.
package struct TaskID: Hashable, Sendable, Comparable {
    /// 1 ... 2^40 - 1; 0 is never given out.
    package let number: UInt64

    package init(number: UInt64) {
        precondition(number <= Self.mask, "task number \(number) does not fit in 40 bits")
        self.number = number
    }

    package static func < (left: TaskID, right: TaskID) -> Bool { left.number < right.number }

    private static let mask: UInt64 = (1 << 40) - 1
    private static let alphabet = Array("0123456789abcdefghjkmnpqrstvwxyz".utf8)
}

extension TaskID: CustomStringConvertible {
    package static let textLength = 8

    package init?(_ text: some StringProtocol) {
        guard text.utf8.count == Self.textLength, let scrambled = Self.decode(text) else { return nil }
        let number = Self.unscramble(scrambled)
        guard number > 0 else { return nil }
        self.number = number
    }

    package var description: String {
        let scrambled = Self.scramble(number)
        return String(unsafeUninitializedCapacity: Self.textLength) { buffer in
            for index in 0..<Self.textLength {
                buffer[index] = Self.alphabet[Int(scrambled >> UInt64(5 * (Self.textLength - 1 - index))) & 31]
            }
            return Self.textLength
        }
    }

    /// Whether `description` begins with `prefix`, without making the text: for searching many ids.
    package func hasPrefix(_ prefix: Prefix) -> Bool {
        Self.scramble(number) >> prefix.shift == prefix.bits
    }

    /// The first letters of an id, as a person typed them.
    package struct Prefix: Sendable {
        fileprivate let bits: UInt64
        fileprivate let shift: UInt64

        package init?(_ text: some StringProtocol) {
            guard (1...TaskID.textLength).contains(text.utf8.count), let bits = TaskID.decode(text) else { return nil }
            self.bits = bits
            shift = UInt64(5 * (TaskID.textLength - text.utf8.count))
        }
    }

    private static func decode(_ text: some StringProtocol) -> UInt64? {
        var value: UInt64 = 0
        for byte in text.utf8 {
            let lower = (65...90).contains(byte) ? byte + 32 : byte
            guard let digit = alphabet.firstIndex(of: lower) else { return nil }
            value = value << 5 | UInt64(digit)
        }
        return value
    }

    /// Two rounds of multiply and fold; every step is a bijection on 40 bits.
    private static func scramble(_ number: UInt64) -> UInt64 {
        var value = number
        value = (value &* 0x9E_3779_B97F) & mask
        value ^= value >> 20
        value = (value &* 0xC2_B2AE_3D27) & mask
        value ^= value >> 20
        return value
    }

    private static func unscramble(_ scrambled: UInt64) -> UInt64 {
        var value = scrambled
        value ^= value >> 20
        value = (value &* inverse(0xC2_B2AE_3D27)) & mask
        value ^= value >> 20
        value = (value &* inverse(0x9E_3779_B97F)) & mask
        return value
    }

    /// The inverse of an odd number modulo 2^64 by Newton's iteration, of which the low 40 bits count.
    private static func inverse(_ odd: UInt64) -> UInt64 {
        var inverse = odd
        for _ in 0..<6 { inverse = inverse &* (2 &- odd &* inverse) }
        return inverse
    }
}
