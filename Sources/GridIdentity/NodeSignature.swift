import Crypto
import SwiftASN1
import X509

#if canImport(FoundationEssentials)
    package import FoundationEssentials
#else
    package import Foundation
#endif

/// Signing as a node, with the key that its certificate names: P-256, 64 bytes.
package struct NodeSigner: Sendable {
    private let key: SigningKey
    /// DER: goes with what is signed, so that whoever trusts the authority can verify it.
    package let certificate: [UInt8]

    package init(_ files: CertificateFiles) throws(IdentityError) {
        key = try SigningKey.load(files.key)
        let pem = try PrivateFile.read(files.certificate)
        do {
            certificate = try PEMDocument(pemString: pem).derBytes
        } catch {
            throw IdentityError(
                .malformed, "\(files.certificate) does not hold a certificate in PEM form.", cause: error)
        }
    }

    package func signature(for bytes: [UInt8]) throws(IdentityError) -> [UInt8] {
        do {
            return Array(try key.key.signature(for: bytes).rawRepresentation)
        } catch {
            throw IdentityError(.malformed, "The result cannot be signed.", cause: error)
        }
    }
}

/// Verifying what a node signed, by the authority alone.
package struct NodeSignatureVerifier: Sendable {
    private let peers: PeerVerifier

    /// - Parameter authorities: PEM, one or more.
    package init(authorities: String) throws(IdentityError) {
        peers = PeerVerifier(
            anchor: .authorities(try TrustSet(pem: authorities)), side: .client, cluster: nil, roles: [.agent])
    }

    /// Who signed. The certificate must have been good when it was signed; it may have expired since.
    package func verify(
        _ signature: [UInt8], for bytes: [UInt8], certificate: [UInt8], at signedAt: Date
    ) async throws(IdentityError) -> PeerIdentity {
        let identity = try await peers.verify(chain: [certificate], at: signedAt).identity
        let holder = try Certificate.read(der: certificate)
        guard let key = P256.Signing.PublicKey(holder.publicKey),
            let signature = try? P256.Signing.ECDSASignature(rawRepresentation: signature),
            key.isValidSignature(signature, for: bytes)
        else {
            throw IdentityError(.untrusted, "The signature is not by the key of \(identity).")
        }
        return identity
    }
}
