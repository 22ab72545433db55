/// Bytes as RFC 4648 base 32, lower case and without padding: safe in a shell, and readable aloud.
package enum Base32 {
    package static func encode(_ bytes: some Sequence<UInt8>) -> String {
        var text: [UInt8] = []
        var pending: UInt32 = 0
        var pendingBits = 0
        for byte in bytes {
            pending = (pending << 8 | UInt32(byte)) & 0xfff
            pendingBits += 8
            while pendingBits >= 5 {
                pendingBits -= 5
                text.append(digits[Int(pending >> UInt32(pendingBits) & 31)])
            }
        }
        if pendingBits > 0 {
            text.append(digits[Int(pending << UInt32(5 - pendingBits) & 31)])
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// Nil when `text` holds another character, or bits that no byte put there.
    package static func decode(_ text: some StringProtocol) -> [UInt8]? {
        var bytes: [UInt8] = []
        var pending: UInt32 = 0
        var pendingBits = 0
        for character in text.utf8 {
            guard let value = digits.firstIndex(of: character) else { return nil }
            pending = (pending << 5 | UInt32(value)) & 0xfff
            pendingBits += 5
            if pendingBits >= 8 {
                pendingBits -= 8
                bytes.append(UInt8(pending >> UInt32(pendingBits) & 255))
            }
        }
        guard pendingBits < 5, pending & ((1 << UInt32(pendingBits)) - 1) == 0 else { return nil }
        return bytes
    }

    private static let digits = Array("abcdefghijklmnopqrstuvwxyz234567".utf8)
}
