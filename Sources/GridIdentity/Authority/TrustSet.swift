import Crypto
import GridModel
import SwiftASN1
import X509

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The authorities that a holder believes: their certificates, by whose keys it knows the grid. Every peer's certificate
/// must be signed by one of these keys, whatever else it shows.
///
/// Handed out with every certificate and on every agent's link, and kept as `ca.pem`, which stock clients read too. The
/// first one signs now.
package struct TrustSet: Sendable, Hashable {
    let certificates: [Certificate]

    init(_ certificates: [Certificate]) { self.certificates = certificates }

    /// One to eight certificates of authorities, each with a P-256 key.
    package init(pem: String, from source: String = "The grid's trust set") throws(IdentityError) {
        guard pem.utf8.count <= Self.sizeLimit else {
            throw IdentityError(
                .malformed, "\(source) has \(pem.utf8.count) bytes; at most \(Self.sizeLimit) are read.")
        }
        var certificates: [Certificate] = []
        do {
            certificates = try PEMDocument.parseMultiple(pemString: pem).map { try Certificate(pemDocument: $0) }
        } catch {
            throw IdentityError(.malformed, "\(source) does not hold certificates in PEM form.", cause: error)
        }
        guard (1...Self.countLimit).contains(certificates.count),
            certificates.allSatisfy({ P256.Signing.PublicKey($0.publicKey) != nil })
        else {
            throw IdentityError(
                .malformed, "\(source) must hold 1 to \(Self.countLimit) certificates of P-256 authorities.")
        }
        self.certificates = certificates
    }

    package init(file: String) throws(IdentityError) {
        try self.init(pem: PrivateFile.read(file), from: file)
    }

    package var pem: String {
        certificates.map { certificate in
            // Safe: each was read from its encoding, or made and signed.
            ((try? certificate.serializeAsPEM().pemString) ?? "") + "\n"
        }.joined()
    }

    /// SHA-256 of each public key (SubjectPublicKeyInfo).
    package var pins: [[UInt8]] { certificates.compactMap(Self.pin) }

    /// The first digits of each pin, for logs and lists.
    package var pinsText: String { pins.map { Hexadecimal.encode($0.prefix(6)) }.joined(separator: " ") }

    /// Whether the first, which signs now, signed the certificate (PEM).
    package func isFirst(signerOf pem: String) -> Bool {
        guard let first = certificates.first, let certificate = try? Certificate(pemEncoded: pem) else { return false }
        return first.publicKey.isValidSignature(certificate.signature, for: certificate)
    }

    package func isFirst(signerOf files: CertificateFiles) throws(IdentityError) -> Bool {
        isFirst(signerOf: try PrivateFile.read(files.certificate))
    }

    static func pin(_ certificate: Certificate) -> [UInt8]? {
        P256.Signing.PublicKey(certificate.publicKey).map { SHA256Digest.of($0.derRepresentation) }
    }

    private static let sizeLimit = 32 * 1024
    private static let countLimit = 8
}
