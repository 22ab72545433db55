/// Which trace a call belongs to, and which span of it called us: what W3C calls `traceparent`.
///
/// The format is that of https://www.w3.org/TR/trace-context/, version 00: `00-<32 hex>-<16 hex>-<2 hex>`.
package struct TraceContext: Sendable, Hashable, CustomStringConvertible {
    package let high: UInt64
    package let low: UInt64
    package let span: UInt64
    package let flags: UInt8

    package init(high: UInt64, low: UInt64, span: UInt64, flags: UInt8) {
        self.high = high
        self.low = low
        self.span = span
        self.flags = flags
    }

    /// Nil for anything but a well-formed header of a version we know how to read; a trace or span of zeros is none.
    package init?(traceparent text: some StringProtocol) {
        let bytes = Array(text.utf8.prefix(Self.length + 1))
        guard bytes.count >= Self.length, bytes[2] == Self.dash, bytes[35] == Self.dash, bytes[52] == Self.dash,
            let version = Self.number(bytes[0..<2]), version != 0xff,
            // Version 00 has this length; later ones may go on behind another dash.
            bytes.count == Self.length || (version > 0 && bytes[Self.length] == Self.dash),
            let high = Self.number(bytes[3..<19]), let low = Self.number(bytes[19..<35]),
            let span = Self.number(bytes[36..<52]), let flags = Self.number(bytes[53..<55]),
            high | low != 0, span != 0
        else { return nil }
        self.init(high: high, low: low, span: span, flags: UInt8(flags))
    }

    /// The 32 digits by which logs and the audit name the trace.
    package var traceID: String { Self.hexadecimal(high) + Self.hexadecimal(low) }

    /// As a header for whom we call.
    package var description: String {
        "00-\(traceID)-\(Self.hexadecimal(span))-\(Self.hexadecimal(UInt64(flags)).suffix(2))"
    }

    private static let length = 55
    private static let dash = UInt8(ascii: "-")

    /// Lower-case digits only, as the standard wants.
    private static func number(_ digits: ArraySlice<UInt8>) -> UInt64? {
        var value: UInt64 = 0
        for digit in digits {
            switch digit {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = value << 4 | UInt64(digit - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"): value = value << 4 | UInt64(digit - UInt8(ascii: "a") + 10)
            default: return nil
            }
        }
        return value
    }

    private static func hexadecimal(_ value: UInt64) -> String {
        Hexadecimal.encode((0..<8).map { UInt8(truncatingIfNeeded: value >> UInt64(56 - 8 * $0)) })
    }
}
