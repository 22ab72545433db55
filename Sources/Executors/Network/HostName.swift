/// A host as a person gave it: safe to hand to a program as an argument.
struct HostName: Sendable, Hashable {
    let text: String

    /// Nil when it cannot be a name or an address: so that none is ever taken for an option.
    init?(_ text: String) {
        let bytes = text.utf8
        guard (1...253).contains(bytes.count), bytes.first != 45, bytes.allSatisfy(Self.isAllowed) else { return nil }
        self.text = text
    }

    /// Letters, digits, and `.`, `-`, `_`, `:` and `%` (for IPv6 and its zones).
    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case 48...57, 65...90, 97...122, 45, 46, 58, 95, 37: true
        default: false
        }
    }
}
