/// A pattern of names: `*` stands for any letters, also none, `?` for one; everything else for itself, exactly.
package struct NamePattern: Sendable, Hashable, CustomStringConvertible {
    package let text: String

    /// Nil when no name could match: 1 to 63 characters of names, `*` and `?`.
    package init?(_ text: String) {
        guard (1...63).contains(text.utf8.count), text.utf8.allSatisfy(Self.isAllowed) else { return nil }
        self.text = text
    }

    package var description: String { text }

    /// In time at most the product of both lengths: a failed match goes back to the last `*` alone.
    package func matches(_ name: some StringProtocol) -> Bool {
        let (pattern, name) = (Array(text.utf8), Array(name.utf8))
        var (place, at) = (0, 0)
        var lastStar: (place: Int, at: Int)?
        while at < name.count {
            if place < pattern.count, pattern[place] == Self.star {
                lastStar = (place, at)
                place += 1
            } else if place < pattern.count, pattern[place] == Self.one || pattern[place] == name[at] {
                place += 1
                at += 1
            } else if let star = lastStar {
                lastStar = (star.place, star.at + 1)
                (place, at) = (star.place + 1, star.at + 1)
            } else {
                return false
            }
        }
        return pattern[place...].allSatisfy { $0 == Self.star }
    }

    private static let star = UInt8(ascii: "*")
    private static let one = UInt8(ascii: "?")

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case star, one, 45, 46, 95, 48...57, 65...90, 97...122: true
        default: false
        }
    }
}
