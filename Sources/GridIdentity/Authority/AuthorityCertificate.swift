import Crypto
import SwiftASN1
import X509

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The certificate of one generation of the authority, signed by itself or by the generation before.
enum AuthorityCertificate {
    /// PEM. A generation may stand between the one before and a holder, and nothing else may stand between: the path
    /// length is 1, and 0 for what another generation signed.
    static func make(
        for key: SigningKey, generation: Int, cluster: String, signer: SigningKey, issuer: Int, now: Date
    ) throws(IdentityError) -> String {
        do {
            let publicKey = Certificate.PublicKey(key.key.publicKey)
            let certificate = try Certificate(
                version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: publicKey,
                notValidBefore: now.addingTimeInterval(-86400),
                notValidAfter: now.addingTimeInterval(Double(CertificateLifetimes.authoritySeconds)),
                issuer: try name(issuer, of: cluster), subject: try name(generation, of: cluster),
                extensions: Certificate.Extensions {
                    Critical(BasicConstraints.isCertificateAuthority(maxPathLength: generation == issuer ? 1 : 0))
                    Critical(KeyUsage(keyCertSign: true, cRLSign: true))
                    SubjectKeyIdentifier(hash: publicKey)
                    AuthorityKeyIdentifier(
                        keyIdentifier: SubjectKeyIdentifier(hash: Certificate.PublicKey(signer.key.publicKey))
                            .keyIdentifier)
                    SubjectAlternativeNames([.uniformResourceIdentifier(PeerIdentity.scheme + cluster)])
                },
                issuerPrivateKey: Certificate.PrivateKey(signer.key))
            return try certificate.serializeAsPEM().pemString + "\n"
        } catch {
            throw IdentityError(.malformed, "The authority's certificate cannot be made.", cause: error)
        }
    }

    /// A name for each, because stock verifiers look for an issuer by its name.
    private static func name(_ generation: Int, of cluster: String) throws -> DistinguishedName {
        try DistinguishedName {
            CommonName("\(cluster) grid authority" + (generation == 1 ? "" : " \(generation)"))
        }
    }
}
