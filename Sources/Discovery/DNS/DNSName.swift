/// A name of the Domain Name System (RFC 1035): labels of 1 to 63 bytes, 255 in all. Compared without regard to the case
/// of ASCII letters. What a stranger calls itself may hold anything.
package struct DNSName: Sendable, Hashable, CustomStringConvertible {
    package let labels: [[UInt8]]

    /// Nil when it is not well formed.
    package init?(labels: [[UInt8]]) {
        guard labels.allSatisfy({ (1...63).contains($0.count) }),
            labels.reduce(1, { $0 + 1 + $1.count }) <= Self.sizeLimit
        else { return nil }
        self.labels = labels
    }

    /// Labels with dots between; what is escaped is not meant.
    package init?(_ text: String) {
        self.init(labels: text.split(separator: ".", omittingEmptySubsequences: false).map { Array($0.utf8) })
    }

    static let sizeLimit = 255

    package static func == (left: Self, right: Self) -> Bool { left.folded == right.folded }

    package func hash(into hasher: inout Hasher) { hasher.combine(folded) }

    private var folded: [[UInt8]] { labels.map { $0.map { (65...90).contains($0) ? $0 + 32 : $0 } } }

    /// Text for people; bytes that are no UTF-8 are replaced.
    package var description: String { labels.map { String(decoding: $0, as: UTF8.self) }.joined(separator: ".") }

    package var first: String { String(decoding: labels.first ?? [], as: UTF8.self) }

    package var parent: DNSName? { DNSName(labels: Array(labels.dropFirst())) }

    package func adding(_ label: String) -> DNSName? { DNSName(labels: [Array(label.utf8)] + labels) }
}
