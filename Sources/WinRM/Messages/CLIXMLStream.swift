/// Reads PowerShell's error output while it comes: each record is told as soon as it is whole, and what native programs
/// write before, between and after the records passes as it is, at once.
package struct CLIXMLStream: Sendable {
    package enum Item: Sendable, Hashable {
        case text([UInt8])
        case progress(CLIXML.Progress)
    }

    /// No record is that long; what is, is no record.
    private static let recordBytes = 1 << 20
    private static let mark = Array("#< CLIXML".utf8)
    private static let header = Array("<Objs".utf8)
    private static let close = Array("</Objs>".utf8)

    private enum State { case outside, beforeHeader, inside }

    private var state = State.outside
    private var held: [UInt8] = []

    package init() {}

    package mutating func take(_ bytes: [UInt8]) -> [Item] {
        held += bytes
        var items: [Item] = []
        while let (item, count) = next() {
            held.removeFirst(count)
            guard let item else { continue }
            if case .text(let more) = item, case .text(let before)? = items.last {
                items[items.count - 1] = .text(before + more)
            } else {
                items.append(item)
            }
        }
        return items
    }

    /// At the end of the stream: what was held back, unless it is a part of a document whose writer was killed.
    package mutating func finish() -> [Item] {
        defer { held = [] }
        let isOurs: Bool =
            switch state {
            case .outside: false
            case .beforeHeader: held.starts(with: Self.header) || Self.header.starts(with: held)
            case .inside: held.first == UInt8(ascii: "<")
            }
        return held.isEmpty || isOurs ? [] : [.text(held)]
    }

    /// What stands first in `held`, and how many bytes it takes; nil when more must come.
    private mutating func next() -> (Item?, Int)? {
        guard !held.isEmpty else { return nil }
        switch state {
        case .outside: return outside()
        case .beforeHeader:
            let blanks = held.prefix { $0 == 10 || $0 == 13 }.count
            if blanks > 0 { return (nil, blanks) }
            if held.starts(with: Self.header) {
                guard let end = held.firstIndex(of: UInt8(ascii: ">")) else { return tooLong() }
                state = .inside
                return (nil, end + 1)
            }
            if Self.header.starts(with: held) { return nil }
            state = .outside
            return (.text(Self.mark), 0)
        case .inside: return inside()
        }
    }

    private mutating func outside() -> (Item?, Int)? {
        if held.starts(with: Self.mark) {
            state = .beforeHeader
            return (nil, Self.mark.count)
        }
        let place = held.firstRange(of: Self.mark)?.lowerBound ?? held.count - tail(Self.mark)
        return place > 0 ? (.text(Array(held[..<place])), place) : nil
    }

    private mutating func inside() -> (Item?, Int)? {
        if held.starts(with: Self.close) {
            state = .outside
            return (nil, Self.close.count)
        }
        for (open, name) in [("<S ", "S"), ("<Obj ", "Obj")] where held.starts(with: Array(open.utf8)) {
            guard let end = end(of: name) else { return tooLong() }
            let record = Array(held[..<end])
            guard let element = try? XMLReader.read(record) else { return (.text(record), end) }
            return (CLIXML.item(element), end)
        }
        let beginnings = ["<S ", "<Obj ", "</Objs>"].map { Array($0.utf8) }
        if beginnings.contains(where: { $0.starts(with: held) }) { return nil }
        // Not a record: a native program's own words, up to where one may begin.
        let place = held.dropFirst().firstIndex(of: UInt8(ascii: "<")) ?? held.count
        return (.text(Array(held[..<place])), place)
    }

    /// Where the element that stands first ends; elements of its own name may stand in it.
    private func end(of name: String) -> Int? {
        let (open, close) = (Array("<\(name) ".utf8), Array("</\(name)>".utf8))
        var (place, depth) = (0, 0)
        while let next = held[place...].firstIndex(of: UInt8(ascii: "<")) {
            let rest = held[next...]
            if rest.starts(with: close) {
                depth -= 1
                if depth == 0 { return next + close.count }
            } else if rest.starts(with: open) {
                depth += 1
            }
            place = next + 1
        }
        return nil
    }

    private func tooLong() -> (Item?, Int)? {
        held.count > Self.recordBytes ? (.text(held), held.count) : nil
    }

    /// How many of the last bytes are a beginning of the mark.
    private func tail(_ mark: [UInt8]) -> Int {
        stride(from: min(mark.count - 1, held.count), to: 0, by: -1)
            .first { held.suffix($0).elementsEqual(mark.prefix($0)) } ?? 0
    }
}
