import Crypto
import GridModel
import SwiftASN1
import X509

#if canImport(FoundationEssentials)
    package import FoundationEssentials
#else
    package import Foundation
#endif

/// The grid's own certificate authority: a P-256 key made on first start, which signs everybody's certificate. Owned by
/// the coordinator; its folder holds `ca.key` (0600) and `ca.pem`.
///
/// Only this authority is trusted, on both sides of every connection; no public authority can name a peer. A second,
/// next authority joins it when rotation is built.
package struct CertificateAuthority: Sendable {
    package let cluster: String
    package let certificatePEM: String
    let certificate: Certificate
    let key: SigningKey

    /// How long certificates live, in days. Nodes renew by themselves; people and programs do not, so theirs live longer.
    package enum Lifetime {
        package static let authority = 3650
        package static let node = 30
        package static let client = 365

        package static func days(for role: PeerRole) -> Int {
            switch role {
            case .coordinator, .agent: node
            case .operator, .submitter, .viewer: client
            }
        }
    }

    /// The authority in the folder, or a new one. A folder of another cluster is refused. Killed between the two files,
    /// or started twice at once, it still ends with one key and a certificate of that key.
    package static func loadOrCreate(
        folder: String, cluster: String, now: Date
    ) throws(IdentityError) -> CertificateAuthority {
        guard NodeName(cluster) != nil else {
            throw IdentityError(
                .malformed,
                "The cluster's name '\(cluster.forPeople)' must be 1 to 63 letters, digits, '.', '_' or '-'.")
        }
        try PrivateFile.makeFolder(folder)
        let certificatePath = "\(folder)/ca.pem"
        let key = try SigningKey.loadOrCreate("\(folder)/ca.key")
        if !PrivateFile.exists(certificatePath) {
            let made = try makeCertificate(key: key, cluster: cluster, now: now)
            _ = try PrivateFile.create(made, at: certificatePath)
        }
        let pem = try PrivateFile.read(certificatePath)
        let certificate = try Certificate.read(pem: pem, from: certificatePath)
        guard certificate.publicKey == Certificate.PublicKey(key.key.publicKey) else {
            throw IdentityError(
                .untrusted,
                "\(certificatePath) is not the certificate of \(folder)/ca.key: restore both from one backup.")
        }
        let found = try certificate.uriNames().first ?? ""
        guard found == PeerIdentity.scheme + cluster else {
            throw IdentityError(
                .refused,
                "The authority in \(folder) belongs to '\(found.forPeople)', not to cluster '\(cluster)'. "
                    + "Name the cluster as before, or use another folder.")
        }
        guard now < certificate.notValidAfter else {
            throw IdentityError(.expired, "The authority \(certificatePath) expired on \(certificate.notValidAfter).")
        }
        return CertificateAuthority(cluster: cluster, certificatePEM: pem, certificate: certificate, key: key)
    }

    /// The cluster that an authority's certificate names; the first certificate counts.
    package static func cluster(ofPEM pem: String) throws(IdentityError) -> String {
        let uri = try Certificate.read(pem: pem, from: "The authority's file").uriNames().first ?? ""
        let name = String(uri.dropFirst(PeerIdentity.scheme.count))
        guard uri.hasPrefix(PeerIdentity.scheme), NodeName(name) != nil else {
            throw IdentityError(.malformed, "The authority's certificate names no cluster of the grid's.")
        }
        return name
    }

    /// How an authority is pinned: `sha256:` and the hash of its public key; of the first certificate.
    package static func pin(ofPEM pem: String) throws(IdentityError) -> String {
        let certificate = try Certificate.read(pem: pem, from: "The authority's file")
        guard let key = P256.Signing.PublicKey(certificate.publicKey) else {
            throw IdentityError(.malformed, "The authority's key is not P-256.")
        }
        return "sha256:" + Hexadecimal.encode(SHA256.hash(data: key.derRepresentation))
    }

    /// SHA-256 of the authority's public key: what join tokens carry.
    package var keyHash: [UInt8] { key.publicKeyHash }

    private static func makeCertificate(
        key: SigningKey, cluster: String, now: Date
    ) throws(IdentityError) -> String {
        do {
            let name = try DistinguishedName {
                CommonName("\(cluster) grid authority")
            }
            let publicKey = Certificate.PublicKey(key.key.publicKey)
            let certificate = try Certificate(
                version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: publicKey,
                notValidBefore: now.addingTimeInterval(-86400),
                notValidAfter: now.addingTimeInterval(Double(Lifetime.authority) * 86400),
                issuer: name, subject: name,
                extensions: Certificate.Extensions {
                    Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0))
                    Critical(KeyUsage(keyCertSign: true, cRLSign: true))
                    SubjectKeyIdentifier(hash: publicKey)
                    SubjectAlternativeNames([.uniformResourceIdentifier(PeerIdentity.scheme + cluster)])
                },
                issuerPrivateKey: Certificate.PrivateKey(key.key))
            return try certificate.serializeAsPEM().pemString + "\n"
        } catch {
            throw IdentityError(.malformed, "The authority's certificate cannot be made.", cause: error)
        }
    }
}
