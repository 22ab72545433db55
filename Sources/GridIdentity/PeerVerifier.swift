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
package struct PeerVerifier: Sendable {
    /// Which side of the connection the peer is on.
    package enum Side: Sendable {
        case server, client
    }

    /// How the authority is known.
    package enum Anchor: Sendable {
        /// By the pinned keys of a trust set.
        case authorities(TrustSet)
        /// By the SHA-256 of its public key: it must be among the certificates that the peer shows. It may have signed
        /// the authority that signs now instead of the peer.
        case keyHash([UInt8])
    }

    private let anchor: Anchor
    private let side: Side
    private let cluster: String?
    private let roles: Set<PeerRole>

    /// With `cluster` nil any cluster of that authority will do.
    package init(
        anchor: Anchor, side: Side, cluster: String?, roles: Set<PeerRole>
    ) {
        self.anchor = anchor
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
        try await verifyChain(leaf: leaf, shown: certificates, at: moment)
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
        switch anchor {
        case .authorities(let set):
            return set.certificates
        case .keyHash(let hash):
            let found = shown.dropFirst().filter { TrustSet.pin($0) == hash }
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
        leaf: Certificate, shown: [Certificate], at moment: Date?
    ) async throws(IdentityError) {
        let roots = try trusted(among: shown)
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
        // Whoever has the trust set knows the signing key itself. Only between the key of a token and the peer may
        // another generation of the authority stand.
        let between: [Certificate] = if case .keyHash = anchor { Array(shown.dropFirst()) } else { [] }
        let result = await verifier.validate(leaf: leaf, intermediates: CertificateStore(between))
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
