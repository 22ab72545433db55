package import Crypto
package import GridModel

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The private key by which somebody signs tasks; it prints as `***`. Text, alone in a file (0600):
/// `nzs1-secret-<ed25519 or p256>-<base 32 of its 32 bytes>`.
///
/// Ed25519 unless the key lives in hardware that only knows P-256.
package struct SignerKey: Sendable, CustomStringConvertible, CustomReflectable {
    private enum Key: Sendable {
        case ed25519(Curve25519.Signing.PrivateKey)
        case p256(P256.Signing.PrivateKey)
    }

    private let key: Key

    package static func make(_ algorithm: SignatureAlgorithm) -> SignerKey {
        switch algorithm {
        case .ed25519: SignerKey(key: .ed25519(Curve25519.Signing.PrivateKey()))
        case .p256: SignerKey(key: .p256(P256.Signing.PrivateKey()))
        }
    }

    private init(key: Key) { self.key = key }

    package init(parsing text: some StringProtocol) throws(IdentityError) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 4, parts[0] == "nzs1", parts[1] == "secret",
            let algorithm = SignatureAlgorithm(name: parts[2]), let bytes = Base32.decode(parts[3]), bytes.count == 32
        else {
            throw IdentityError(
                .malformed, "A signing key is 'nzs1-secret-', ed25519 or p256, '-', and 52 characters a-z and 2-7.")
        }
        do {
            switch algorithm {
            case .ed25519: key = .ed25519(try Curve25519.Signing.PrivateKey(rawRepresentation: bytes))
            case .p256: key = .p256(try P256.Signing.PrivateKey(rawRepresentation: bytes))
            }
        } catch {
            // The cause may quote what it read, so it is left out.
            throw IdentityError(.malformed, "The signing key's bytes are no \(algorithm.name) key.")
        }
    }

    package static func load(_ path: String) throws(IdentityError) -> SignerKey {
        let text = try PrivateFile.read(path, isKey: true)
        do {
            return try SignerKey(parsing: text.prefix { !$0.isNewline })
        } catch {
            throw IdentityError(.malformed, "\(path): \(error.message)")
        }
    }

    /// Writes the file; false when there was one, which stays.
    package func create(at path: String) throws(IdentityError) -> Bool {
        try PrivateFile.create("nzs1-secret-\(algorithm.name)-\(Base32.encode(raw))\n", at: path)
    }

    package var algorithm: SignatureAlgorithm {
        switch key {
        case .ed25519: .ed25519
        case .p256: .p256
        }
    }

    package var publicKey: SignerPublicKey {
        switch key {
        case .ed25519(let key): SignerPublicKey(checked: .ed25519, Array(key.publicKey.rawRepresentation))
        case .p256(let key): SignerPublicKey(checked: .p256, Array(key.publicKey.compressedRepresentation))
        }
    }

    /// 64 bytes.
    package func signature(for bytes: [UInt8]) throws(IdentityError) -> [UInt8] {
        do {
            switch key {
            case .ed25519(let key): return Array(try key.signature(for: bytes))
            case .p256(let key): return Array(try key.signature(for: bytes).rawRepresentation)
            }
        } catch {
            throw IdentityError(.malformed, "The task cannot be signed.", cause: error)
        }
    }

    private var raw: [UInt8] {
        switch key {
        case .ed25519(let key): Array(key.rawRepresentation)
        case .p256(let key): Array(key.rawRepresentation)
        }
    }

    package var description: String { "***" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}

/// By which a node recognises a signer: `nzs1-<ed25519 or p256>-<base 32 of the public key>`: 32 bytes, or the 33 of the
/// compressed point.
package struct SignerPublicKey: Sendable, Hashable, CustomStringConvertible {
    package let algorithm: SignatureAlgorithm
    package let bytes: [UInt8]

    fileprivate init(checked algorithm: SignatureAlgorithm, _ bytes: [UInt8]) {
        self.algorithm = algorithm
        self.bytes = bytes
    }

    package init(parsing text: some StringProtocol) throws(IdentityError) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0] == "nzs1", let algorithm = SignatureAlgorithm(name: parts[1]),
            let bytes = Base32.decode(parts[2])
        else {
            throw IdentityError(
                .malformed,
                parts.dropFirst().first == "secret"
                    ? "This is a signing key itself: keep it secret, and give what `noizylab signer show` prints."
                    : "A signer's public key is 'nzs1-', ed25519 or p256, '-', and characters a-z and 2-7.")
        }
        self.init(checked: algorithm, bytes)
        _ = try verifier()
    }

    package var description: String { "nzs1-\(algorithm.name)-\(Base32.encode(bytes))" }

    /// SHA-256 of the algorithm's byte and the key's bytes: what an envelope names.
    package var id: [UInt8] { SHA256Digest.of([algorithm.rawValue] + bytes) }

    /// Its first eight bytes, for people.
    package var shortID: String { Hexadecimal.encode(id.prefix(8)) }

    /// Made once, because a point takes longer to unpack than to use.
    package func verifier() throws(IdentityError) -> SignatureVerifier {
        do {
            switch algorithm {
            case .ed25519: return .ed25519(try Curve25519.Signing.PublicKey(rawRepresentation: bytes))
            case .p256: return .p256(try P256.Signing.PublicKey(compressedRepresentation: bytes))
            }
        } catch {
            throw IdentityError(.malformed, "The bytes are no \(algorithm.name) public key.")
        }
    }
}

/// A public key, ready to verify.
package enum SignatureVerifier: Sendable {
    case ed25519(Curve25519.Signing.PublicKey)
    case p256(P256.Signing.PublicKey)

    package func isValid(_ signature: [UInt8], for bytes: [UInt8]) -> Bool {
        switch self {
        case .ed25519(let key): return key.isValidSignature(signature, for: bytes)
        case .p256(let key):
            guard let signature = try? P256.Signing.ECDSASignature(rawRepresentation: signature) else { return false }
            return key.isValidSignature(signature, for: bytes)
        }
    }
}

extension SignatureAlgorithm {
    package var name: String {
        switch self {
        case .ed25519: "ed25519"
        case .p256: "p256"
        }
    }

    package init?(name: some StringProtocol) {
        guard let found = Self.allCases.first(where: { $0.name == name }) else { return nil }
        self = found
    }
}
