/// Names a machine: 1 to 63 letters, digits, `.`, `_` or `-`, beginning with a letter or digit. Compared exactly.
package struct NodeName: Hashable, Sendable, Comparable, CustomStringConvertible {
    package let text: String

    /// Nil when `text` is not well formed.
    package init?(_ text: String) {
        let bytes = text.utf8
        guard (1...63).contains(bytes.count), let first = bytes.first, Self.isAlphanumeric(first),
            bytes.allSatisfy({ Self.isAlphanumeric($0) || $0 == 46 || $0 == 95 || $0 == 45 })
        else { return nil }
        self.text = text
    }

    /// For names that were checked when they came in: the store's rows and the link's peers.
    package init(checked text: String) { self.text = text }

    package static func < (left: NodeName, right: NodeName) -> Bool { left.text < right.text }

    package var description: String { text }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
    }
}
