import Crypto
import SwiftASN1
import X509

/// A P-256 private key of this machine. It never leaves the file it was made in (0600), and prints as `***`.
package struct SigningKey: Sendable, CustomStringConvertible, CustomReflectable {
    let key: P256.Signing.PrivateKey

    package static func make() -> SigningKey { SigningKey(key: P256.Signing.PrivateKey()) }

    /// The key in the file, or a new one put there. Of two processes that start at once both get the same key.
    package static func loadOrCreate(_ path: String) throws(IdentityError) -> SigningKey {
        if !PrivateFile.exists(path) {
            let made = make()
            if try PrivateFile.create(made.pem.reveal(), at: path) { return made }
        }
        return try load(path)
    }

    package static func load(_ path: String) throws(IdentityError) -> SigningKey {
        let pem = try PrivateFile.read(path, isKey: true)
        do {
            return SigningKey(key: try P256.Signing.PrivateKey(pemRepresentation: pem))
        } catch {
            // The cause may quote what it read, so it is left out.
            throw IdentityError(.malformed, "\(path) does not hold a P-256 private key in PEM form.")
        }
    }

    package var pem: Secret { Secret(key.pemRepresentation + "\n") }

    /// SHA-256 of the public key (SubjectPublicKeyInfo): how the key is named in tokens and pins.
    package var publicKeyHash: [UInt8] { SHA256Digest.of(key.publicKey.derRepresentation) }

    /// A signing request (PEM) that proves the holder has this key. Whom the certificate names is the authority's say,
    /// so the request names nobody.
    package func signingRequest() throws(IdentityError) -> String {
        do {
            let request = try CertificateSigningRequest(
                version: .v1, subject: DistinguishedName {}, privateKey: Certificate.PrivateKey(key),
                attributes: CertificateSigningRequest.Attributes())
            return try request.serializeAsPEM().pemString + "\n"
        } catch {
            throw IdentityError(.malformed, "A signing request cannot be made.", cause: error)
        }
    }

    package var description: String { "***" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}

/// Reading a signing request that a stranger sent.
package enum SigningRequest {
    /// The key that the request proves: bounded in size, P-256, and the signature is the key's own.
    static func publicKey(provenBy pem: String) throws(IdentityError) -> P256.Signing.PublicKey {
        guard pem.utf8.count <= sizeLimit else {
            throw IdentityError(
                .malformed, "The signing request has \(pem.utf8.count) bytes; at most \(sizeLimit) are read.")
        }
        let request: CertificateSigningRequest
        let isExact: Bool
        do {
            let document = try PEMDocument(pemString: pem)
            request = try CertificateSigningRequest(pemDocument: document)
            isExact = try hasWholeSignature(document.derBytes)
        } catch {
            throw IdentityError(.malformed, "The signing request is not one in PEM form.", cause: error)
        }
        guard let key = P256.Signing.PublicKey(request.publicKey) else {
            throw IdentityError(.refused, "The signing request's key must be P-256.")
        }
        guard request.publicKey.isValidSignature(request.signature, for: request) else {
            throw IdentityError(.refused, "The signing request is not signed by the key it names.")
        }
        guard isExact else {
            throw IdentityError(.malformed, "The signing request is not written as DER demands.")
        }
        return key
    }

    /// Whether the signature is of whole bytes. The reader overlooks the number of its unused bits, which nobody signed.
    private static func hasWholeSignature(_ der: [UInt8]) throws -> Bool {
        try DER.sequence(DER.parse(der), identifier: .sequence) { parts in
            guard parts.next() != nil, parts.next() != nil, let signature = parts.next() else { return false }
            return try ASN1BitString(derEncoded: signature).paddingBits == 0
        }
    }

    private static let sizeLimit = 16 * 1024
}
