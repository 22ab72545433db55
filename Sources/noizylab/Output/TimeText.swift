import GridModel

/// Times and sizes for people, and times for programs.
enum TimeText {
    /// `2026-11-22T22:18:09.123Z`; nil before anything happened.
    static func iso(microseconds: Int64) -> String? {
        guard microseconds > 0 else { return nil }
        let milliseconds = microseconds / 1_000
        let (year, month, day) = civil(days: milliseconds / 86_400_000)
        let rest = milliseconds % 86_400_000
        return "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))T\(padded(rest / 3_600_000, 2)):"
            + "\(padded(rest / 60_000 % 60, 2)):\(padded(rest / 1_000 % 60, 2)).\(padded(rest % 1_000, 3))Z"
    }

    /// `3s ago`, `in 5m`; `-` for what has not happened.
    static func relative(microseconds: Int64, now: Int64) -> String {
        guard microseconds > 0 else { return "-" }
        let away = now - microseconds
        if away < -999_999 { return "in \(rough(milliseconds: -away / 1_000))" }
        return away < 1_000_000 ? "now" : "\(rough(milliseconds: away / 1_000)) ago"
    }

    /// The largest unit alone: `45s`, `3m`, `5h`, `2d`.
    static func rough(milliseconds: Int64) -> String {
        switch milliseconds / 1_000 {
        case ..<60: "\(milliseconds / 1_000)s"
        case ..<3_600: "\(milliseconds / 60_000)m"
        case ..<172_800: "\(milliseconds / 3_600_000)h"
        default: "\(milliseconds / 86_400_000)d"
        }
    }

    /// How long something took: `12ms`, `3.4s`, `2m05s`, `1h02m`.
    static func took(milliseconds: Int64) -> String {
        let milliseconds = max(0, milliseconds)
        switch milliseconds {
        case ..<1_000: return "\(milliseconds)ms"
        case ..<60_000: return "\(milliseconds / 1_000).\(milliseconds / 100 % 10)s"
        case ..<3_600_000: return "\(milliseconds / 60_000)m\(padded(milliseconds / 1_000 % 60, 2))s"
        default: return "\(milliseconds / 3_600_000)h\(padded(milliseconds / 60_000 % 60, 2))m"
        }
    }

    /// `512 B`, `3.2 GiB`.
    static func bytes(_ count: Int64) -> String {
        for (shift, unit) in [(40, "TiB"), (30, "GiB"), (20, "MiB"), (10, "KiB")] where count >= Int64(1) << shift {
            let tenths = Int64((Double(count) / Double(Int64(1) << shift) * 10).rounded())
            return tenths % 10 == 0 ? "\(tenths / 10) \(unit)" : "\(tenths / 10).\(tenths % 10) \(unit)"
        }
        return "\(count) B"
    }

    static func percent(_ value: Double) -> String { "\(Int(min(max(value, 0), 10_000).rounded()))%" }

    private static func padded(_ value: Int64, _ width: Int) -> String {
        let text = String(value)
        return String(repeating: "0", count: max(0, width - text.count)) + text
    }

    /// Days since 1970 to the calendar, after Howard Hinnant's `civil_from_days`.
    private static func civil(days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthIndex = (5 * dayOfYear + 2) / 153
        let month = monthIndex < 10 ? monthIndex + 3 : monthIndex - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * monthIndex + 2) / 5 + 1)
    }
}
