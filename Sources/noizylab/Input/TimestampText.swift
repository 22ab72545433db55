/// Points in time as files of metrics write them: `2014-04-10 07:15:00`, the same with a `T`, a fraction, `Z` or an
/// offset such as `+02:00`, or seconds since 1970.
enum TimestampText {
    /// Whole seconds since 1970, UTC where no offset is given; nil when it is no time.
    static func seconds(_ text: some StringProtocol) -> Int64? {
        if let number = Double(text) {
            return number.isFinite && abs(number) < 1e12 ? Int64(number.rounded(.down)) : nil
        }
        var bytes = Array(text.utf8)[...]
        guard let year = number(&bytes, 4), take(&bytes, "-"), let month = number(&bytes, 2), take(&bytes, "-"),
            let day = number(&bytes, 2), (1...12).contains(month), (1...31).contains(day)
        else { return nil }
        let midnight = days(year, month, day) * 86_400
        if bytes.isEmpty { return midnight }
        guard take(&bytes, " ") || take(&bytes, "T"), let hour = number(&bytes, 2), take(&bytes, ":"),
            let minute = number(&bytes, 2), hour < 24, minute < 60
        else { return nil }
        var second: Int64 = 0
        if take(&bytes, ":") {
            guard let given = number(&bytes, 2), given <= 60 else { return nil }
            second = given
            if take(&bytes, ".") { bytes = bytes.drop { (48...57).contains($0) } }
        }
        guard let offset = offset(&bytes), bytes.isEmpty else { return nil }
        return midnight + hour * 3_600 + minute * 60 + second - offset
    }

    /// Seconds east of Greenwich; nil when what is left is none.
    private static func offset(_ bytes: inout ArraySlice<UInt8>) -> Int64? {
        if bytes.isEmpty || take(&bytes, "Z") { return 0 }
        let isWest = take(&bytes, "-")
        guard isWest || take(&bytes, "+"), let hours = number(&bytes, 2), hours < 24 else { return nil }
        _ = take(&bytes, ":")
        guard let minutes = bytes.isEmpty ? 0 : number(&bytes, 2), minutes < 60 else { return nil }
        return (isWest ? -1 : 1) * (hours * 3_600 + minutes * 60)
    }

    private static func number(_ bytes: inout ArraySlice<UInt8>, _ digits: Int) -> Int64? {
        let taken = bytes.prefix(digits)
        guard taken.count == digits, taken.allSatisfy({ (48...57).contains($0) }) else { return nil }
        bytes = bytes.dropFirst(digits)
        return taken.reduce(0) { $0 * 10 + Int64($1 - 48) }
    }

    private static func take(_ bytes: inout ArraySlice<UInt8>, _ character: Unicode.Scalar) -> Bool {
        guard let first = bytes.first, UInt32(first) == character.value else { return false }
        bytes = bytes.dropFirst()
        return true
    }

    /// Days since 1970, after Howard Hinnant's `days_from_civil`.
    private static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}
