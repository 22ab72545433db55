import Crypto

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// What a program without a certificate shows on the edge port: `nzk1-<16 characters: the id>-<52 characters: the secret>`
/// (base 32), as `authorization: Bearer …`.
///
/// The id is public: the coordinator finds the key by it, and lists name it. Printing a key shows `***` in the secret's
/// place; `text` is for the person who made it, once, and for the wire.
package struct APIKey: Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package let id: String
    private let secret: [UInt8]

    package static func make() -> APIKey {
        let id = SymmetricKey(size: SymmetricKeySize(bitCount: idBytes * 8)).withUnsafeBytes { Array($0) }
        let secret = SymmetricKey(size: .bits256).withUnsafeBytes { Array($0) }
        return APIKey(id: Base32.encode(id), secret: secret)
    }

    private init(id: String, secret: [UInt8]) {
        self.id = id
        self.secret = secret
    }

    /// Says what is wrong with the text, without repeating it.
    package init(parsing text: some StringProtocol) throws(IdentityError) {
        guard text.utf8.count == Self.textLength, text.utf8.starts(with: "\(Self.version)-".utf8) else {
            throw IdentityError(
                .malformed,
                "An API key begins with '\(Self.version)-' and has \(Self.textLength) characters: copy the whole key.")
        }
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[1].utf8.count == Self.idLength, Base32.decode(parts[1]) != nil,
            let secret = Base32.decode(parts[2]), secret.count == Self.secretBytes
        else {
            throw IdentityError(
                .malformed, "An API key is made of the characters a-z and 2-7 between two hyphens: copy the whole key.")
        }
        self.init(id: String(parts[1]), secret: secret)
    }

    /// From the value of an `authorization` header; nil when it is of another kind, such as `Basic`.
    package static func fromHeader(_ value: some StringProtocol) throws(IdentityError) -> APIKey? {
        let parts = value.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0].utf8.count == 6, parts[0].lowercased() == "bearer" else { return nil }
        return try APIKey(parsing: parts[1])
    }

    /// The whole key: a secret.
    package var text: String { "\(Self.version)-\(id)-\(Base32.encode(secret))" }

    package var header: String { "Bearer \(text)" }

    package var description: String { "\(Self.version)-\(id)-***" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }

    /// What a key is called by in requests and records, of what a person wrote: of a whole key, or a part of one, its id
    /// alone; of a name or an id, that.
    package static func reference(_ text: some StringProtocol) -> String {
        let lower = text.lowercased()
        guard let version = lower.firstRange(of: "\(Self.version)-") else { return String(text) }
        return String(lower[version.upperBound...].prefix { $0 != "-" }.prefix(idLength))
    }

    package static let idLength = 16
    private static let version = "nzk1"
    private static let idBytes = 10
    private static let secretBytes = 32
    private static let textLength = 4 + 1 + 16 + 1 + 52
}

/// What the coordinator keeps of a key's secret: HMAC-SHA-256 of it under a random salt.
///
/// A slow hash is for secrets that people choose. This one has 256 random bits: whoever tried 2^60 keys a second would
/// need longer than the stars have, and a hash that took 100 ms would only let strangers keep our processors busy.
/// The salt keeps equal secrets apart and a prepared table useless; both are moot at 256 bits and cost nothing.
package struct APIKeyHash: Sendable, Hashable {
    package let salt: [UInt8]
    package let code: [UInt8]

    package init(salt: [UInt8], code: [UInt8]) {
        self.salt = salt
        self.code = code
    }

    package init(of key: APIKey) {
        salt = SymmetricKey(size: .bits128).withUnsafeBytes { Array($0) }
        code = key.code(salt)
    }

    /// Compared in constant time: how long it takes says nothing of how much was right.
    package func isOf(_ key: APIKey) -> Bool {
        HMAC<SHA256>.isValidAuthenticationCode(code, authenticating: key.secretBytes, using: SymmetricKey(data: salt))
    }
}

extension APIKey {
    fileprivate var secretBytes: [UInt8] { secret }

    fileprivate func code(_ salt: [UInt8]) -> [UInt8] {
        Array(HMAC<SHA256>.authenticationCode(for: secret, using: SymmetricKey(data: salt)))
    }
}
