/// Makes bytes from outside harmless for a terminal: nothing in them moves the cursor, changes colours, writes titles,
/// answers queries or reorders what is read. Text comes out as text; everything else as a visible sign.
///
/// Keep one per stream: characters and escapes may be cut anywhere between two pieces.
struct TerminalText {
    /// The beginning of a character whose rest has not come yet.
    private var partial: [UInt8] = []
    private let isSingleLine: Bool

    /// `isSingleLine`: line ends and tabs become signs too, for tables and messages.
    init(isSingleLine: Bool = false) { self.isSingleLine = isSingleLine }

    static func oneLine(_ text: String) -> String {
        var filter = TerminalText(isSingleLine: true)
        return filter.take(Array(text.utf8)) + filter.finish()
    }

    mutating func take(_ bytes: some Collection<UInt8>) -> String {
        var input = partial
        partial = []
        input.append(contentsOf: bytes)
        let cut = Self.incompleteSuffix(of: input)
        if cut > 0 { partial = Array(input.suffix(cut)) }
        return harmless(input.dropLast(cut))
    }

    /// What was kept back, at the end of the stream.
    mutating func finish() -> String {
        defer { partial = [] }
        return harmless(partial[...])
    }

    private func harmless(_ bytes: ArraySlice<UInt8>) -> String {
        var text = ""
        text.reserveCapacity(bytes.count)
        for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars {
            if let sign = sign(for: scalar) { text += sign } else { text.unicodeScalars.append(scalar) }
        }
        return text
    }

    /// Nil when the character may pass.
    private func sign(for scalar: Unicode.Scalar) -> String? {
        switch scalar.value {
        case 0x0A where !isSingleLine, 0x09 where !isSingleLine, 0x0D where !isSingleLine: nil
        // The control pictures: ␀ … ␟, where ␛ is the escape that begins every sequence.
        case 0x00...0x1F: String(Unicode.Scalar(0x2400 + scalar.value) ?? " ")
        case 0x7F: "\u{2421}"
        // Single-character escapes of eight-bit terminals; text that is reordered, or that does not show at all.
        case 0x80...0x9F, 0x200B, 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x206F, 0x061C, 0xFEFF, 0xFFF9...0xFFFB,
            0xE0000...0xE0FFF:
            "<\(String(scalar.value, radix: 16))>"
        default: nil
        }
    }

    /// How many bytes at the end begin a character that could still be completed.
    private static func incompleteSuffix(of bytes: [UInt8]) -> Int {
        for length in 1...3 where length <= bytes.count {
            let byte = bytes[bytes.count - length]
            switch byte {
            case 0x80...0xBF: continue
            case 0xC2...0xDF: return length < 2 ? length : 0
            case 0xE0...0xEF: return length < 3 ? length : 0
            case 0xF0...0xF4: return length < 4 ? length : 0
            default: return 0
            }
        }
        return 0
    }
}
