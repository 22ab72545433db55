import Crypto
import GridModel
import X509

#if canImport(FoundationEssentials)
    package import FoundationEssentials
#else
    package import Foundation
#endif

/// The three PEM files by which a process shows who it is and knows whom to trust.
package struct CertificateFiles: Sendable, Hashable {
    package let authority: String
    package let certificate: String
    package let key: String
    /// A coordinator's: what it shows to strangers behind its certificate.
    package var chain: String {
        let folder = certificate.lastIndex(of: "/").map { String(certificate[..<$0]) } ?? "."
        return folder + "/chain.pem"
    }

    /// `ca.pem`, `cert.pem` and `key.pem` in the folder.
    package init(folder: String) {
        self.init(authority: "\(folder)/ca.pem", certificate: "\(folder)/cert.pem", key: "\(folder)/key.pem")
    }

    package init(authority: String, certificate: String, key: String) {
        self.authority = authority
        self.certificate = certificate
        self.key = key
    }

    /// Puts what the grid gave beside the key that it is for: whom to believe first, so that a holder killed in between
    /// still knows the grid and shows its old certificate. Refused when they do not belong together.
    package func write(certificatePEM: String, authorityPEM: String) throws(IdentityError) {
        let trust = try TrustSet(pem: authorityPEM)
        let found = try Certificate.read(pem: certificatePEM, from: "What the grid gave")
        guard try found.publicKey == Certificate.PublicKey(SigningKey.load(key).key.publicKey) else {
            throw IdentityError(.untrusted, "The certificate that the grid gave is for another key than \(key).")
        }
        guard trust.isFirst(signerOf: certificatePEM) else {
            throw IdentityError(.untrusted, "The certificate that the grid gave is not signed by its authority.")
        }
        try PrivateFile.write(authorityPEM, to: authority)
        try PrivateFile.write(certificatePEM, to: certificate)
    }
}

/// What a certificate says of itself, for lists and for the decision to renew.
package struct CertificateFacts: Sendable, Hashable {
    package let identity: PeerIdentity
    /// Lower-case hexadecimal digits.
    package let serial: String
    /// SHA-256 of the holder's public key (SubjectPublicKeyInfo).
    package let keyHash: [UInt8]
    /// Names the authority's key that signed it (its key identifier); empty when it does not say.
    package let issuer: [UInt8]
    package let notBefore: Date
    package let notAfter: Date

    package init(pem: String, from source: String = "What was received") throws(IdentityError) {
        try self.init(Certificate.read(pem: pem, from: source))
    }

    init(_ certificate: Certificate) throws(IdentityError) {
        identity = try PeerIdentity.read(from: certificate)
        serial = Hexadecimal.encode(certificate.serialNumber.bytes)
        guard let pin = TrustSet.pin(certificate) else {
            throw IdentityError(.malformed, "The certificate's key is not P-256.")
        }
        keyHash = pin
        issuer = try certificate.issuerID()
        notBefore = certificate.notValidBefore
        notAfter = certificate.notValidAfter
    }

    /// True in the last third of its life, after it, and before it.
    package func needsRenewal(at now: Date) -> Bool {
        let remaining = notAfter.timeIntervalSince(now)
        return now < notBefore || remaining <= notAfter.timeIntervalSince(notBefore) / 3
    }
}

extension CertificateFiles {
    package func facts() throws(IdentityError) -> CertificateFacts {
        try CertificateFacts(pem: PrivateFile.read(certificate), from: certificate)
    }

    /// True when the files can be used as they are: this identity, this authority, this key, all hosts, and more than a
    /// third of life left.
    package func areFresh(
        for identity: PeerIdentity, hosts: [String] = [], authority: CertificateAuthority, now: Date
    ) -> Bool {
        do {
            let facts = try facts()
            let found = try Certificate.read(pem: PrivateFile.read(certificate), from: certificate)
            let isCoordinator = identity.role == .coordinator
            let wanted = isCoordinator ? hosts : []
            if isCoordinator, try PrivateFile.read(chain) != authority.shownToStrangers { return false }
            let names = try Set(found.names())
            return try facts.identity == identity && !facts.needsRenewal(at: now)
                && TrustSet(file: self.authority) == authority.trust && authority.signed(found)
                && found.publicKey == Certificate.PublicKey(SigningKey.load(key).key.publicKey)
                && wanted.allSatisfy { host in (try? HostName.parse(host)).map(names.contains) ?? false }
        } catch {
            // Whatever is wrong with them, issuing them again is the cure, and says so if it cannot.
            return false
        }
    }
}
