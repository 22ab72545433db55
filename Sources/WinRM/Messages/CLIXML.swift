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

    private static let mark = "#< CLIXML"
    private static let end = "</Objs>"

    package static func read(_ errorOutput: String) -> Reading {
        var reading = Reading(text: "", progress: [])
        // In bytes: a carriage return and a line feed are one character to a string.
        var rest = Array(errorOutput.utf8)[...]
        while let start = rest.place(of: mark) {
            reading.text += String(decoding: rest[..<start], as: UTF8.self)
            var body = rest[(start + mark.utf8.count)...]
            while body.first == 13 || body.first == 10 { body = body.dropFirst() }
            let close = body.place(of: end).map { $0 + end.utf8.count }
            if let close, let document = try? XMLReader.read(Array(body[..<close])) {
                add(document, to: &reading)
                rest = body[close...]
            } else if close == nil {
                addWhole(body, to: &reading)
                rest = []
            } else {
                reading.text += mark
                rest = rest[(start + mark.utf8.count)...]
            }
        }
        reading.text += String(decoding: rest, as: UTF8.self)
        return reading
    }

    /// Of a document without its end: the records that are whole.
    private static func addWhole(_ body: ArraySlice<UInt8>, to reading: inout Reading) {
        for (close, tail) in [("</Obj>", end), ("</S>", end)].compactMap({ tag, tail in
            body.lastPlace(of: tag).map { ($0 + tag.utf8.count, tail) }
        }).sorted(by: { $0.0 > $1.0 }) {
            if let document = try? XMLReader.read(Array(body[..<close]) + Array(tail.utf8)) {
                return add(document, to: &reading)
            }
        }
    }

    private static func add(_ document: XMLElement, to reading: inout Reading) {
        for record in document.children {
            switch record.attributes["S"]?.lowercased() {
            case "error"? where record.name == "S": reading.text += unescape(record.text)
            case "progress"?:
                guard let fields = record.descendant("PR"), let activity = fields.first("AV") else { continue }
                reading.progress.append(
                    Progress(
                        activity: unescape(activity.text), status: unescape(fields.first("SD")?.text ?? ""),
                        percent: fields.first("PC").flatMap { Int($0.text) } ?? -1))
            default: continue
            }
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

extension ArraySlice<UInt8> {
    fileprivate func place(of text: String) -> Index? {
        let wanted = Array(text.utf8)
        guard let first = wanted.first, count >= wanted.count else { return nil }
        var from = startIndex
        while let found = self[from...].firstIndex(of: first) {
            if self[found...].starts(with: wanted) { return found }
            from = found + 1
        }
        return nil
    }

    fileprivate func lastPlace(of text: String) -> Index? {
        let wanted = Array(text.utf8)
        var place = endIndex - wanted.count
        while place >= startIndex {
            if self[place...].starts(with: wanted) { return place }
            place -= 1
        }
        return nil
    }
}
