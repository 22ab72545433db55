import SwiftASN1
package import X509

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// What a peer's certificate proved in the handshake: who it is, by which key, and which certificate said so.
///
/// Made once per connection and shared by all its calls; a reference, so that passing it on costs nothing.
package final class PeerCredential: Sendable, Hashable {
    package let identity: PeerIdentity
    /// SHA-256 of the key's SubjectPublicKeyInfo: how the key is named in pins, revocations and the audit.
    package let keyHash: [UInt8]
    /// The certificate's serial number, as in the certificate.
    package let serial: [UInt8]
    /// Seconds since 1970-01-01 UTC at which the certificate ends.
    package let notAfterSeconds: Int64
    /// Names the authority's key that signed it (its key identifier); empty when it does not say.
    package let issuer: [UInt8]

    package init(
        identity: PeerIdentity, keyHash: [UInt8], serial: [UInt8], notAfterSeconds: Int64, issuer: [UInt8] = []
    ) {
        self.issuer = issuer
        self.identity = identity
        self.keyHash = keyHash
        self.serial = serial
        self.notAfterSeconds = notAfterSeconds
    }

    /// Of a certificate that has been verified.
    package convenience init(_ certificate: Certificate, identity: PeerIdentity) throws(IdentityError) {
        var serializer = DER.Serializer()
        do {
            try serializer.serialize(certificate.publicKey)
        } catch {
            throw IdentityError(.malformed, "The peer's public key cannot be read.", cause: error)
        }
        self.init(
            identity: identity, keyHash: SHA256Digest.of(serializer.serializedBytes),
            serial: Array(certificate.serialNumber.bytes),
            notAfterSeconds: Int64(certificate.notValidAfter.timeIntervalSince1970), issuer: try certificate.issuerID())
    }

    package static func == (left: PeerCredential, right: PeerCredential) -> Bool {
        left === right
            || (left.identity == right.identity && left.keyHash == right.keyHash && left.serial == right.serial)
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(keyHash)
        hasher.combine(serial)
    }
}
