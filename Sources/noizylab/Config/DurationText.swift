/// Spans of time as people write them: `500ms`, `30s`, `10m`, `1h30m`, `2d`.
enum DurationText {
    /// Milliseconds; nil when it is not a span of time, negative, or longer than a hundred years.
    static func milliseconds(_ text: String) -> Int64? {
        var rest = text[...]
        var total: Int64 = 0
        guard !rest.isEmpty else { return nil }
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
            rest = rest.dropFirst(digits.count)
            let unit = rest.prefix { $0.isASCII && $0.isLetter }
            rest = rest.dropFirst(unit.count)
            guard let scale = units[String(unit)], let value = Double(digits), digits.first != ".",
                value * Double(scale) <= limit
            else { return nil }
            total += Int64((value * Double(scale)).rounded())
        }
        return Double(total) <= limit ? total : nil
    }

    /// The shortest text that says the same: `90000` is `1m30s`.
    static func text(milliseconds: Int64) -> String {
        if milliseconds == 0 { return "0s" }
        var rest = milliseconds
        var text = ""
        for (name, scale) in [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", Int64(1))]
        where rest >= scale {
            text += "\(rest / scale)\(name)"
            rest %= scale
        }
        return text
    }

    private static let units: [String: Int64] = [
        "ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000,
    ]
    private static let limit = 100.0 * 366 * 86_400_000
}
