/// Amounts of bytes as people write them: `512MB` (powers of 1,000), `2GiB` (powers of 1,024), `100B`.
enum SizeText {
    /// Bytes; nil when it is not an amount, or beyond 8 EiB.
    static func bytes(_ text: String) -> Int64? {
        let digits = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        let unit = text.dropFirst(digits.count).drop { $0 == " " }
        guard !digits.isEmpty, digits.first != ".", let value = Double(digits), let scale = units[String(unit)] else {
            return nil
        }
        let bytes = value * scale
        return bytes < 9.2e18 ? Int64(bytes.rounded()) : nil
    }

    private static let units: [String: Double] = [
        "B": 1, "KB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12, "KiB": 1024, "MiB": 1_048_576, "GiB": 1_073_741_824,
        "TiB": 1_099_511_627_776,
    ]
}
