import Crypto
import SwiftASN1
import X509

#if canImport(FoundationEssentials)
    package import FoundationEssentials
#else
    package import Foundation
#endif

/// The grid's own certificate authority as it is at one moment: the generation that signs, with its key, and those that
/// are believed beside it (`AuthorityRotation`). Loaded and changed by `AuthorityFolder`.
///
/// Only these are trusted, on both sides of every connection; no public authority can name a peer.
package struct CertificateAuthority: Sendable {
    package let cluster: String
    package let rotation: AuthorityRotation
    let key: SigningKey
    let certificate: Certificate
    private let next: Certificate
    private let previous: Certificate?
    private let cross: Certificate?

    init(
        cluster: String, rotation: AuthorityRotation, key: SigningKey, current: Certificate, next: Certificate,
        previous: Certificate?, cross: Certificate?
    ) {
        self.cluster = cluster
        self.rotation = rotation
        self.key = key
        certificate = current
        self.next = next
        self.previous = previous
        self.cross = cross
    }

    /// The authority in the folder, or a new one. A folder of another cluster is refused. Killed between two files, or
    /// started twice at once, it still ends with one key and a certificate of that key.
    package static func loadOrCreate(
        folder: String, cluster: String, now: Date
    ) throws(IdentityError) -> CertificateAuthority {
        try AuthorityFolder(path: folder, cluster: cluster).load(now: now)
    }

    /// SHA-256 of the signing key: what join tokens carry.
    package var keyHash: [UInt8] { key.publicKeyHash }

    /// How certificates name the key that signs them now (`CertificateFacts.issuer`), and the one before, while it is
    /// believed.
    package var signerID: [UInt8] { Self.identifier(of: certificate) }
    package var previousID: [UInt8]? { previous.map(Self.identifier) }

    private static func identifier(of certificate: Certificate) -> [UInt8] {
        Array(SubjectKeyIdentifier(hash: certificate.publicKey).keyIdentifier)
    }

    /// The certificates of all that are believed, the signing one first: the holders' `ca.pem`.
    package var trust: TrustSet { TrustSet([certificate, next] + (previous.map { [$0] } ?? [])) }

    /// What a listener for strangers shows behind its own certificate, so that a token made before a rotation still
    /// recognises the grid. PEM.
    package var shownToStrangers: String {
        TrustSet([certificate] + [cross, previous].compactMap { $0 }).pem
    }

    /// Whether this authority's signing key signed the certificate.
    func signed(_ certificate: Certificate) -> Bool {
        self.certificate.publicKey.isValidSignature(certificate.signature, for: certificate)
    }
}
