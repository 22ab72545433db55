package import GridIdentity
import GridLogic
import GridModel
package import GridStore
import Logging

/// Renewing, listing and revoking certificates, and rotating the authority.
extension GridOperations {
    /// A certificate as it is listed.
    package struct CertificateView: Sendable {
        package enum State: String, Sendable {
            case valid, renewing, retired, replaced, expired, revoked
        }

        package let certificate: StoredCertificate
        package let identity: PeerIdentity?
        package let state: State
        package let revocation: StoredRevocation?
        /// `current`, `previous` or `gone`: the authority that signed it.
        package let authority: String
    }

    /// The authority as operators see it: which generation signs, and who still needs the one before.
    package struct AuthorityView: Sendable {
        package let rotation: AuthorityRotation
        package let trust: TrustSet
        /// Certificates in use that the one before has signed.
        package let outstanding: Int
    }

    /// Another certificate for whoever calls, of the key by which it calls.
    package func renew(
        _ caller: Caller, signingRequest: String
    ) async throws(OperationError) -> (certificate: String, trust: TrustSet) {
        try authorise(caller, .renewOwnCertificate)
        guard case .certificate(let credential) = caller.proof else {
            throw .unauthenticated("Only the holder of a certificate can renew it.")
        }
        let keyHash = try await checkKey(of: credential.identity, signingRequest)
        guard keyHash == credential.keyHash else {
            throw .refused(
                .invalid(
                    "signing_request",
                    "must be of the key by which \(caller.name) is connected: a certificate is renewed for its own key")
            )
        }
        let certificate = try await issue(signingRequest, to: credential.identity, by: "renewal")
        logger.info("Certificate renewed", metadata: ["of": "\(credential.identity)"])
        return (certificate, identities.authority.trust)
    }

    package func certificates(_ caller: Caller, all: Bool) throws(OperationError) -> [CertificateView] {
        try authorise(caller, .viewIdentities)
        let views = certificateViews(at: SystemClock.wall())
        return all ? views : views.filter { [.valid, .renewing, .retired].contains($0.state) }
    }

    package func authority(_ caller: Caller) throws(OperationError) -> AuthorityView {
        try authorise(caller, .viewIdentities)
        return authorityView()
    }

    func authorityView() -> AuthorityView {
        let authority = identities.authority
        let outstanding = authority.previousID.map {
            identities.register.countInUse(signedBy: $0, at: SystemClock.wall())
        }
        return AuthorityView(rotation: authority.rotation, trust: authority.trust, outstanding: outstanding ?? 0)
    }

    func certificateViews(at now: Timestamp) -> [CertificateView] {
        let authority = identities.authority
        let all = identities.register.all()
        // A link may have been made with an older certificate of the key: the key was seen.
        var seen: [[UInt8]: Timestamp] = [:]
        for case (let certificate, _) in all {
            if let at = certificate.lastSeen { seen[certificate.keyHash] = max(at, seen[certificate.keyHash] ?? at) }
        }
        for key in identities.connectedKeys { seen[key] = now }
        // It shows its own to everybody, this caller too.
        if let own = identities.ownKey { seen[own] = now }
        var newer: Set<[UInt8]> = []
        return all.map { certificate, revocation in
            var certificate = certificate
            // The newest comes first: those of the same key behind it are replaced.
            let isNewest = newer.insert(certificate.keyHash).inserted
            if isNewest { certificate.lastSeen = seen[certificate.keyHash] }
            let signer =
                certificate.issuer == authority.signerID
                ? "current" : certificate.issuer == authority.previousID ? "previous" : "gone"
            let state: CertificateView.State
            if revocation != nil {
                state = .revoked
            } else if certificate.notAfter <= now {
                state = .expired
            } else if !isNewest {
                state = .replaced
            } else if signer == "gone" {
                state = .retired
            } else {
                let life = certificate.notAfter.microseconds - certificate.issuedAt.microseconds
                state = certificate.notAfter.microseconds - now.microseconds <= life / 3 ? .renewing : .valid
            }
            return CertificateView(
                certificate: certificate, identity: PeerIdentity(uri: certificate.identity), state: state,
                revocation: revocation, authority: signer)
        }
    }

    /// Into the grid's events.
    func note(_ notice: IdentityNotice) {
        // Refused only by a loop that has ended: then nobody reads events either.
        _ = loop.mailbox.push(.link(.note(notice), at: SystemClock.monotonic()), isUrgent: true)
    }
}
