import Crypto

/// Proves that a machine has the key of its old certificate, when no certificate speaks for it any more: a signature
/// over what the grid has just drawn, the name, and the request for the new certificate.
///
/// Each nonce is good for one answer, so an answer that somebody heard cannot be given again; and because the request is
/// signed along, it cannot be put before another one.
package struct KeyProof: Sendable, Hashable {
    /// What the grid draws for one answer.
    package static func makeNonce() -> [UInt8] { SymmetricKey(size: .bits256).withUnsafeBytes { Array($0) } }
    /// Bytes.
    package static let nonceSize = 32

    /// ECDSA (P-256, SHA-256), in DER.
    package let signature: [UInt8]

    package init(signature: [UInt8]) { self.signature = signature }

    package static func make(
        nonce: [UInt8], name: String, signingRequest: String, by key: SigningKey
    ) throws(IdentityError) -> KeyProof {
        do {
            let signature = try key.key.signature(for: message(nonce, name, signingRequest))
            return KeyProof(signature: Array(signature.derRepresentation))
        } catch {
            throw IdentityError(.malformed, "The key cannot sign.", cause: error)
        }
    }

    /// The SHA-256 of the key that signed this and the request, both; refused when they are not the same key's.
    package func keyHash(
        nonce: [UInt8], name: String, signingRequest: String
    ) throws(IdentityError) -> [UInt8] {
        let key = try SigningRequest.publicKey(provenBy: signingRequest)
        guard signature.count <= Self.signatureLimit,
            let signature = try? P256.Signing.ECDSASignature(derRepresentation: signature),
            key.isValidSignature(signature, for: Self.message(nonce, name, signingRequest))
        else { throw IdentityError(.refused, "The proof is not signed by the key of the request.") }
        return SHA256Digest.of(key.derRepresentation)
    }

    /// Every part is bounded by its length, so no two different answers read the same.
    private static func message(_ nonce: [UInt8], _ name: String, _ request: String) -> [UInt8] {
        var message = Array("noizylab recovery 1\n".utf8)
        for part in [nonce, Array(name.utf8), Array(request.utf8)] {
            message += withUnsafeBytes(of: UInt32(part.count).bigEndian) { Array($0) } + part
        }
        return message
    }

    private static let signatureLimit = 80
}

extension SigningRequest {
    /// SHA-256 of the key that a request proves.
    package static func keyHash(provenBy pem: String) throws(IdentityError) -> [UInt8] {
        SHA256Digest.of(try publicKey(provenBy: pem).derRepresentation)
    }
}
