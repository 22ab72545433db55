import Crypto
import GridIdentity
import GridModel
import SwiftASN1
import X509

extension ShownCertificate {
    /// Nil when it cannot be read. What it says is not verified: it is a stranger's.
    init?(der: [UInt8]) {
        guard let certificate = try? Certificate(derEncoded: der) else { return nil }
        let names = (try? certificate.extensions.subjectAlternativeNames).flatMap { $0 }.map(Array.init) ?? []
        let key = certificate.publicKey.subjectPublicKeyInfoBytes
        self.init(
            subject: "\(certificate.subject)",
            names: names.prefix(16).compactMap { name in
                if case .dnsName(let text) = name { String(text.prefix(253)) } else { nil }
            }, fingerprint: Hexadecimal.encode(SHA256.hash(data: Array(key))))
        if let identity = try? PeerIdentity.read(from: certificate), identity.role == .coordinator {
            gridCluster = identity.cluster
            gridName = identity.name
        }
    }
}
