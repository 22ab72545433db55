import Crypto
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

    /// `ca.pem`, `cert.pem` and `key.pem` in the folder.
    package init(folder: String) {
        self.init(authority: "\(folder)/ca.pem", certificate: "\(folder)/cert.pem", key: "\(folder)/key.pem")
    }

    package init(authority: String, certificate: String, key: String) {
        self.authority = authority
        self.certificate = certificate
        self.key = key
    }

    /// Puts what `noizylab join` received beside the key it made.
    package func write(certificatePEM: String, authorityPEM: String) throws(IdentityError) {
        try PrivateFile.write(authorityPEM, to: authority)
        try PrivateFile.write(certificatePEM, to: certificate)
    }
}

/// What a certificate says of itself, for lists and for the decision to renew.
package struct CertificateFacts: Sendable {
    package let identity: PeerIdentity
    package let notBefore: Date
    package let notAfter: Date

    /// True in the last third of its life, after it, and before it.
    package func needsRenewal(at now: Date) -> Bool {
        let remaining = notAfter.timeIntervalSince(now)
        return now < notBefore || remaining <= notAfter.timeIntervalSince(notBefore) / 3
    }
}

extension CertificateFiles {
    package func facts() throws(IdentityError) -> CertificateFacts {
        let read = try Certificate.read(pem: PrivateFile.read(certificate), from: certificate)
        return CertificateFacts(
            identity: try PeerIdentity.read(from: read), notBefore: read.notValidBefore, notAfter: read.notValidAfter)
    }

    /// True when the files can be used as they are: this identity, this authority, this key, all hosts, and more than a
    /// third of life left.
    package func areFresh(
        for identity: PeerIdentity, hosts: [String] = [], authority: CertificateAuthority, now: Date
    ) -> Bool {
        do {
            let facts = try facts()
            let found = try Certificate.read(pem: PrivateFile.read(certificate), from: certificate)
            let wanted = identity.role == .coordinator ? hosts : []
            let names = try Set(found.names())
            return try facts.identity == identity && !facts.needsRenewal(at: now)
                && PrivateFile.read(self.authority) == authority.certificatePEM
                && authority.certificate.publicKey.isValidSignature(found.signature, for: found)
                && found.publicKey == Certificate.PublicKey(SigningKey.load(key).key.publicKey)
                && wanted.allSatisfy { host in (try? HostName.parse(host)).map(names.contains) ?? false }
        } catch {
            // Whatever is wrong with them, issuing them again is the cure, and says so if it cannot.
            return false
        }
    }
}
