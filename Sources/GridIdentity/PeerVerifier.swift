import Crypto
import SwiftASN1
@_spi(FixedExpiryValidationTime) import X509

#if canImport(FoundationEssentials)
    package import FoundationEssentials
#else
    package import Foundation
#endif

/// Decides whether the certificate that a peer showed in the handshake proves an identity of this grid: signed by the
/// grid's authority (no public one is ever asked), valid now, made for this side of a connection, and naming a wanted
/// role of the wanted cluster. The same rules on both sides.
///
/// When the authority is rotated, `authorities` holds the current and the next one.
package struct PeerVerifier: Sendable {
    /// Which side of the connection the peer is on.
    package enum Side: Sendable {
        case server, client
    }

    /// How the authority is known.
    package enum Anchor: Sendable {
        /// By its certificates.
        case authorities(pem: String)
        /// By the SHA-256 of its public key: it must be among the certificates that the peer shows.
        case keyHash([UInt8])
    }

    private enum Roots {
        case certificates([Certificate])
        case keyHash([UInt8])
    }

    private let roots: Roots
    private let side: Side
    private let cluster: String?
    private let roles: Set<PeerRole>

    /// With `cluster` nil any cluster of that authority will do.
    package init(
        anchor: Anchor, side: Side, cluster: String?, roles: Set<PeerRole>
    ) throws(IdentityError) {
        switch anchor {
        case .authorities(let pem):
            do {
                roots = .certificates(
                    try PEMDocument.parseMultiple(pemString: pem).map { try Certificate(pemDocument: $0) })
            } catch {
                throw IdentityError(.malformed, "The authority's certificate cannot be read.", cause: error)
            }
        case .keyHash(let hash):
            roots = .keyHash(hash)
        }
        self.side = side
        self.cluster = cluster
        self.roles = roles
    }

    /// `chain` as the peer sent it: its own certificate first. `moment`: when it must be valid; nil for now.
    package func verify(chain: [[UInt8]], at moment: Date? = nil) async throws(IdentityError) -> PeerCredential {
        guard chain.count <= Self.chainLimit else {
            throw IdentityError(
                .untrusted, "The peer shows \(chain.count) certificates; at most \(Self.chainLimit) are read.")
        }
        var certificates: [Certificate] = []
        for bytes in chain { certificates.append(try Certificate.read(der: bytes)) }
        guard let leaf = certificates.first else {
            throw IdentityError(.untrusted, "The peer shows no certificate.")
        }
        try await verifyChain(leaf: leaf, roots: trusted(among: certificates), at: moment)
        try verifyUsage(of: leaf)
        let identity = try PeerIdentity.read(from: leaf)
        if let cluster, identity.cluster != cluster {
            throw IdentityError(.untrusted, "The peer \(identity) is not of cluster '\(cluster)'.")
        }
        guard roles.contains(identity.role) else {
            throw IdentityError(
                .untrusted, "The peer \(identity) may not do this: its role is \(identity.role.rawValue).")
        }
        return try PeerCredential(leaf, identity: identity)
    }

    private func trusted(among shown: [Certificate]) throws(IdentityError) -> [Certificate] {
        switch roots {
        case .certificates(let certificates):
            return certificates
        case .keyHash(let hash):
            let found = shown.dropFirst().filter { certificate in
                guard let key = P256.Signing.PublicKey(certificate.publicKey) else { return false }
                return Array(SHA256.hash(data: key.derRepresentation)) == hash
            }
            guard !found.isEmpty else {
                throw IdentityError(
                    .untrusted,
                    "The server's authority is not the one this token names: the address is wrong, the token is of "
                        + "another grid, or somebody is in between. Nothing was sent.")
            }
            return found
        }
    }

    private func verifyChain(
        leaf: Certificate, roots: [Certificate], at moment: Date?
    ) async throws(IdentityError) {
        // The verifier checks the dates as well; here they get a sentence that a person can act on.
        let now = moment ?? Date()
        guard now < leaf.notValidAfter else {
            throw IdentityError(.expired, "The peer's certificate expired on \(leaf.notValidAfter); here it is \(now).")
        }
        guard now >= leaf.notValidBefore else {
            throw IdentityError(
                .expired,
                "The peer's certificate is valid from \(leaf.notValidBefore); here it is \(now): compare the clocks.")
        }
        var verifier = Verifier(rootCertificates: CertificateStore(roots)) {
            moment.map { RFC5280Policy(fixedExpiryValidationTime: $0) } ?? RFC5280Policy()
        }
        // The authority signs holders directly (its path length is 0), so there is nothing in between to look at.
        let result = await verifier.validate(leaf: leaf, intermediates: CertificateStore([]))
        guard case .couldNotValidate(let failures) = result else { return }
        guard let failure = failures.first else {
            throw IdentityError(.untrusted, "The peer's certificate is not signed by this grid's authority.")
        }
        let reason = String(describing: failure.policyFailureReason).forPeople
        throw IdentityError(.untrusted, "The peer's certificate is not acceptable: \(reason)")
    }

    private func verifyUsage(of leaf: Certificate) throws(IdentityError) {
        let wanted: ExtendedKeyUsage.Usage = side == .server ? .serverAuth : .clientAuth
        let usages: ExtendedKeyUsage?
        let constraints: BasicConstraints?
        do {
            usages = try leaf.extensions.extendedKeyUsage
            constraints = try leaf.extensions.basicConstraints
        } catch {
            throw IdentityError(.malformed, "The peer's certificate cannot be read.", cause: error)
        }
        guard constraints == .notCertificateAuthority else {
            throw IdentityError(.untrusted, "The peer's certificate could sign others; nobody's may.")
        }
        guard let usages, usages.contains(wanted) else {
            throw IdentityError(.untrusted, "The peer's certificate is not made for a \(side).")
        }
    }

    private static let chainLimit = 4
}
