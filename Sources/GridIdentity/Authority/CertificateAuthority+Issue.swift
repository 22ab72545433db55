import Crypto
import SwiftASN1
import X509

#if canImport(FoundationEssentials)
    package import FoundationEssentials
#else
    package import Foundation
#endif

extension CertificateAuthority {
    /// Signs a certificate (PEM) for the key that the request proves. What the request says of itself is ignored: the
    /// identity is the caller's decision.
    ///
    /// `hosts` (DNS names and IP addresses) go into a coordinator's certificate only, so that stock TLS clients can
    /// verify it by the name they dialled; no other role can serve. Valid from an hour ago (a tenth of a short life),
    /// because clocks disagree, and never longer than the authority.
    package func issue(
        signingRequest pem: String, to identity: PeerIdentity, hosts: [String] = [], now: Date,
        lifetimeSeconds: Int64? = nil
    ) throws(IdentityError) -> String {
        try issue(
            to: identity, key: SigningRequest.publicKey(provenBy: pem), hosts: hosts, now: now,
            lifetimeSeconds: lifetimeSeconds)
    }

    /// Makes `key.pem` unless it is there, and writes `cert.pem` and `ca.pem` beside it: what a process or a program
    /// needs to speak with the grid. 0600 in a 0700 folder.
    @discardableResult
    package func issueFiles(
        for identity: PeerIdentity, hosts: [String] = [], into folder: String, now: Date, lifetimeSeconds: Int64? = nil
    ) throws(IdentityError) -> CertificateFiles {
        let files = CertificateFiles(folder: folder)
        try PrivateFile.makeFolder(folder)
        let key = try SigningKey.loadOrCreate(files.key)
        let certificate = try issue(
            to: identity, key: key.key.publicKey, hosts: hosts, now: now, lifetimeSeconds: lifetimeSeconds)
        // Whom to believe first: a holder killed in between still knows the grid, and its old certificate still proves it.
        try PrivateFile.write(trust.pem, to: files.authority)
        if identity.role == .coordinator { try PrivateFile.write(shownToStrangers, to: files.chain) }
        try PrivateFile.write(certificate, to: files.certificate)
        return files
    }

    /// The files of `issueFiles`, issued again only when they are not fresh: missing, in their last third of life, of
    /// another identity, of another authority, or without one of the hosts.
    @discardableResult
    package func ensureFiles(
        for identity: PeerIdentity, hosts: [String] = [], into folder: String, now: Date, lifetimeSeconds: Int64? = nil
    ) throws(IdentityError) -> CertificateFiles {
        let files = CertificateFiles(folder: folder)
        if files.areFresh(for: identity, hosts: hosts, authority: self, now: now) { return files }
        return try issueFiles(for: identity, hosts: hosts, into: folder, now: now, lifetimeSeconds: lifetimeSeconds)
    }

    private func issue(
        to identity: PeerIdentity, key publicKey: P256.Signing.PublicKey, hosts: [String], now: Date,
        lifetimeSeconds: Int64?
    ) throws(IdentityError) -> String {
        let seconds = lifetimeSeconds ?? CertificateLifetimes().seconds(for: identity.role)
        guard identity.cluster == cluster else {
            throw IdentityError(
                .refused, "The authority of '\(cluster)' does not sign for cluster '\(identity.cluster)'.")
        }
        guard publicKey.derRepresentation != key.key.publicKey.derRepresentation else {
            throw IdentityError(.refused, "The authority does not sign a certificate for its own key.")
        }
        guard (1...CertificateLifetimes.authoritySeconds).contains(seconds) else {
            throw IdentityError(
                .refused,
                "A certificate lives 1 second to \(CertificateLifetimes.authoritySeconds / 86_400) days; "
                    + "\(seconds) seconds were asked for.")
        }
        let isServer = identity.role == .coordinator
        var names: [GeneralName] = [.uniformResourceIdentifier(identity.uri)]
        if isServer {
            for host in hosts { names.append(try HostName.parse(host)) }
        }
        let end = min(now.addingTimeInterval(Double(seconds)), certificate.notValidAfter)
        do {
            let certified = Certificate.PublicKey(publicKey)
            let issued = try Certificate(
                version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: certified,
                notValidBefore: now.addingTimeInterval(-min(3600, Double(seconds) / 10)), notValidAfter: end,
                issuer: certificate.subject,
                subject: try DistinguishedName {
                    CommonName(identity.name)
                    OrganizationalUnitName(identity.role.rawValue)
                },
                extensions: try Certificate.Extensions {
                    Critical(BasicConstraints.notCertificateAuthority)
                    Critical(KeyUsage(digitalSignature: true))
                    try ExtendedKeyUsage(isServer ? [.serverAuth, .clientAuth] : [.clientAuth])
                    SubjectAlternativeNames(names)
                    SubjectKeyIdentifier(hash: certified)
                    AuthorityKeyIdentifier(
                        keyIdentifier: SubjectKeyIdentifier(hash: certificate.publicKey).keyIdentifier)
                },
                issuerPrivateKey: Certificate.PrivateKey(key.key))
            return try issued.serializeAsPEM().pemString + "\n"
        } catch {
            throw IdentityError(.malformed, "A certificate for \(identity) cannot be made.", cause: error)
        }
    }
}
