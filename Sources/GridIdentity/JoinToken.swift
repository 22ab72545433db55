import Crypto
import GridModel

/// What lets a machine into the grid once: a secret that only the coordinator can check, and the hash of the authority's
/// key, by which the machine recognises the coordinator before it tells it anything.
///
/// Text: `nzl1-<52 base 32 characters: the secret>-<64 hexadecimal digits: SHA-256 of the authority's public key>`.
/// The coordinator keeps only `secretHash`. The secret has 256 random bits, so a plain hash of it cannot be searched.
/// Printing a token shows `***` in the secret's place; `text` is for the person who asked for it.
package struct JoinToken: Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    private let secret: [UInt8]
    /// SHA-256 of the authority's public key (SubjectPublicKeyInfo).
    package let authorityKeyHash: [UInt8]

    package static func make(authorityKeyHash: [UInt8]) -> JoinToken {
        precondition(authorityKeyHash.count == hashLength, "a key hash has 32 bytes, not \(authorityKeyHash.count)")
        let secret = SymmetricKey(size: .bits256).withUnsafeBytes { Array($0) }
        return JoinToken(secret: secret, authorityKeyHash: authorityKeyHash)
    }

    /// Says what is wrong with the text, without repeating it.
    package init(parsing text: String) throws(IdentityError) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard text.utf8.count <= Self.textLimit, parts[0] == Self.version else {
            throw IdentityError(.malformed, "A join token begins with '\(Self.version)-': copy the whole token.")
        }
        guard parts.count == 3 else {
            throw IdentityError(
                .malformed, "A join token has three parts between hyphens, not \(parts.count): copy the whole token.")
        }
        guard let secret = Base32.decode(parts[1]), secret.count == Self.hashLength else {
            throw IdentityError(
                .malformed, "The token's second part must be 52 characters a-z and 2-7: copy the whole token.")
        }
        guard let hash = Hexadecimal.decode(parts[2]), hash.count == Self.hashLength else {
            throw IdentityError(
                .malformed, "The token's third part must be 64 hexadecimal digits: copy the whole token.")
        }
        self.init(secret: secret, authorityKeyHash: hash)
    }

    /// Nil when the text is not a token; `init(parsing:)` says why.
    package init?(_ text: String) {
        guard let token = try? JoinToken(parsing: text) else { return nil }
        self = token
    }

    private init(secret: [UInt8], authorityKeyHash: [UInt8]) {
        self.secret = secret
        self.authorityKeyHash = authorityKeyHash
    }

    /// The whole token: a secret. For the person who asked for it, and for the wire.
    package var text: String {
        "\(Self.version)-\(Base32.encode(secret))-\(Hexadecimal.encode(authorityKeyHash))"
    }

    /// What the coordinator keeps.
    package var secretHash: [UInt8] { SHA256Digest.of(secret) }

    package var description: String {
        "\(Self.version)-***-\(Hexadecimal.encode(authorityKeyHash.prefix(4)))…"
    }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }

    private static let version = "nzl1"
    private static let hashLength = 32
    private static let textLimit = 4 + 1 + 52 + 1 + 64
}
