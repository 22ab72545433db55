/// Turns what PowerShell writes to its error output into what a person would have read there.
///
/// It is XML between and around the raw text of native programs, and may end anywhere, because a program was killed.
/// Nothing is ever refused: what is no such document is given back as it is.
package enum CLIXML {
    package struct Reading: Sendable, Hashable {
        package var text: String
        package var progress: [Progress]

        package init(text: String, progress: [Progress]) {
            self.text = text
            self.progress = progress
        }
    }

    /// One `Write-Progress`.
    package struct Progress: Sendable, Hashable {
        package var activity: String
        package var status: String
        /// 0 ... 100; -1 when it was not told.
        package var percent: Int

        package init(activity: String, status: String, percent: Int) {
            self.activity = activity
            self.status = status
            self.percent = percent
        }
    }

    package static func read(_ errorOutput: String) -> Reading {
        var stream = CLIXMLStream()
        let items = stream.take(Array(errorOutput.utf8)) + stream.finish()
        var reading = Reading(text: "", progress: [])
        for item in items {
            switch item {
            case .text(let bytes): reading.text += String(decoding: bytes, as: UTF8.self)
            case .progress(let progress): reading.progress.append(progress)
            }
        }
        return reading
    }

    /// What one record says to a person; nil: nothing, or nothing that is shown.
    static func item(_ record: XMLElement) -> CLIXMLStream.Item? {
        let text = unescape(record.text)
        switch record.attributes["S"]?.lowercased() {
        case "error"? where record.name == "S": return .text(Array(text.utf8))
        case "warning"? where record.name == "S":
            return .text(Array("WARNING: \(text)\(text.hasSuffix("\n") ? "" : "\r\n")".utf8))
        case "progress"?:
            guard let fields = record.descendant("PR"), let activity = fields.first("AV") else { return nil }
            return .progress(
                Progress(
                    activity: unescape(activity.text), status: unescape(fields.first("SD")?.text ?? ""),
                    percent: fields.first("PC").flatMap { Int($0.text) } ?? -1))
        default: return nil
        }
    }

    /// `_x000A_` is a UTF-16 unit; a surrogate pair comes as two.
    static func unescape(_ text: String) -> String {
        let units = Array(text.utf16)
        var plain: [UInt16] = []
        var index = 0
        while index < units.count {
            if index + 6 < units.count, units[index] == 95, units[index + 1] | 32 == 120, units[index + 6] == 95,
                let unit = UInt16(String(decoding: units[index + 2..<index + 6], as: UTF16.self), radix: 16)
            {
                plain.append(unit)
                index += 7
            } else {
                plain.append(units[index])
                index += 1
            }
        }
        return String(decoding: plain, as: UTF16.self)
    }
}
