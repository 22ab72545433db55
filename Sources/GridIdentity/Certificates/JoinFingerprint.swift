import Crypto

/// What two people compare on two screens when a machine joins: it is the same on both only when the machine spoke with
/// the grid itself, and the grid with that very machine, under that name.
///
/// 80 bits of a hash over the authority's key, the machine's key and the name, in four groups of four characters.
package struct JoinFingerprint: Sendable, Hashable, CustomStringConvertible {
    package let text: String

    package init(authorityKeyHash: [UInt8], nodeKeyHash: [UInt8], name: String) {
        var hash = SHA256()
        hash.update(data: Array("noizylab join 1\n".utf8))
        for part in [authorityKeyHash, nodeKeyHash, Array(name.utf8)] {
            hash.update(data: withUnsafeBytes(of: UInt32(part.count).bigEndian) { Array($0) })
            hash.update(data: part)
        }
        let characters = Array(Base32.encode(hash.finalize().prefix(10)))
        text = stride(from: 0, to: characters.count, by: 4)
            .map { String(characters[$0..<min($0 + 4, characters.count)]) }.joined(separator: "-")
    }

    /// As somebody types it: spaces or nothing between the groups, in any case.
    package func matches(_ typed: String) -> Bool {
        let letters = typed.lowercased().filter { $0.isLetter || $0.isNumber }
        return letters == text.filter { $0 != "-" }
    }

    package var description: String { text }
}
