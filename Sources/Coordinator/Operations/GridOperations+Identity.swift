import Foundation
package import GridIdentity
package import GridModel
import GridStore
import Logging

/// Letting machines, people and programs in.
extension GridOperations {
    package func createToken(
        _ caller: Caller, name: String, lifetimeSeconds: Int64, needsConfirmation: Bool = false
    ) async throws(OperationError) -> (token: JoinToken, expiresAt: Timestamp) {
        try authorise(caller, .issueIdentities)
        var only: NodeName?
        if !name.isEmpty { only = try Self.nodeName(name) }
        guard (0...Self.longestTokenSeconds).contains(lifetimeSeconds) else {
            throw .refused(
                .invalid("ttl_seconds", "must be 1 ... \(Self.longestTokenSeconds) (30 days), or 0 for one hour"))
        }
        let seconds = lifetimeSeconds == 0 ? 3_600 : lifetimeSeconds
        let token = JoinToken.make(authorityKeyHash: identities.authority.keyHash)
        let expiresAt = Timestamp(microseconds: SystemClock.wall().microseconds + seconds * 1_000_000)
        let kept = StoredToken(
            hash: token.secretHash, name: only, expires: expiresAt, needsConfirmation: needsConfirmation)
        try await reads.run { [store] () throws(StoreError) in try store.saveToken(kept) }
        logger.notice("Join token made", metadata: ["by": "\(caller.name)", "for": "\(name)"])
        return (token, expiresAt)
    }

    package func issueCertificate(
        _ caller: Caller, name: String, role: String, signingRequest: String
    ) async throws(OperationError) -> String {
        try authorise(caller, .issueIdentities)
        guard let wanted = PeerRole(rawValue: role), Self.issuedRoles.contains(wanted) else {
            throw .refused(
                .invalid("role", "must be one of \(Self.issuedRoles.map(\.rawValue).joined(separator: ", "))"))
        }
        let certificate = try await issue(
            signingRequest, to: identity(wanted, name), by: caller.name.isEmpty ? "operator" : caller.name)
        logger.notice("Certificate issued", metadata: ["by": "\(caller.name)", "to": "\(name)", "role": "\(role)"])
        return certificate
    }

    /// A stranger with a token: the token is used up only when everything else about the request is right.
    /// `isConfirmed`: an operator compared the machine's fingerprint and said yes.
    package func join(
        token text: String, name: String, signingRequest: String, from address: String, isConfirmed: Bool = false
    ) async throws(OperationError) -> String {
        let (node, token) = try await checkToken(text, name: name, from: address)
        let identity = try identity(.agent, name)
        // Everything that can be wrong is looked at before the token is used, because a bad request must not use it up;
        // the token first, because who has none learns nothing about names.
        try await look(at: token, of: node, isConfirmed: isConfirmed, from: address)
        try await checkKey(of: identity, signingRequest)
        let (hash, now) = (token.secretHash, SystemClock.wall())
        let use = try await reads.run { [store] () throws(StoreError) in
            try store.useToken(hash: hash, by: node, isConfirmed: isConfirmed, at: now)
        }
        try await check(use, from: address)
        let certificate = try await issue(signingRequest, to: identity, by: "join")
        logger.notice("Node joined", metadata: ["node": "\(node)"])
        return certificate
    }

    /// That the text is a token of this grid, and that not too many were wrong lately.
    func checkToken(_ text: String, name: String, from address: String) async throws(OperationError) -> (
        NodeName, JoinToken
    ) {
        guard joins.isOpen(to: address, at: SystemClock.monotonic()) else {
            throw .refused(
                Refusal(
                    .resourceExhausted, reason: "TOO_MANY_JOINS",
                    message: "Too many wrong tokens came lately: try again in a minute.",
                    retryAfterMilliseconds: 60_000))
        }
        let node = try Self.nodeName(name)
        guard let token = JoinToken(text) else {
            throw await wrongToken("is not a join token: copy all of it", from: address)
        }
        // One that was made before a rotation names the authority before; it is believed as long as that is.
        guard identities.authority.trust.pins.contains(token.authorityKeyHash) else {
            throw await wrongToken("is for another grid, or for an authority that this one has retired", from: address)
        }
        return (node, token)
    }

    /// That the token would let the node in now.
    func look(at token: JoinToken, of node: NodeName, isConfirmed: Bool, from address: String)
        async throws(OperationError)
    {
        let (hash, now) = (token.secretHash, SystemClock.wall())
        let outcome = try await reads.run { [store] () throws(StoreError) in
            try store.lookAtToken(hash: hash, by: node, isConfirmed: isConfirmed, at: now)
        }
        try await check(outcome, from: address)
    }

    private func check(_ use: TokenOutcome, from address: String) async throws(OperationError) {
        let why =
            switch use {
            case .accepted: nil as String?
            case .unknown: "is not known here: ask for a new one with `noizylab token create`"
            case .used: "was used already: ask for a new one with `noizylab token create`"
            case .expired: "has expired: ask for a new one with `noizylab token create`"
            case .wrongName(let only): "is for the node \(only)"
            case .unconfirmed: "demands an operator's eyes: `noizylab join … --confirm`"
            }
        if let why { throw await wrongToken(why, from: address) }
    }

    /// That the request proves a key, and that the key may have this name. Gives its hash.
    @discardableResult
    func checkKey(of identity: PeerIdentity, _ signingRequest: String) async throws(OperationError) -> [UInt8] {
        let keyHash: [UInt8]
        do { keyHash = try SigningRequest.keyHash(provenBy: signingRequest) } catch {
            throw .refused(.invalid("signing_request", error.message))
        }
        let credential = PeerCredential(identity: identity, keyHash: keyHash, serial: [], notAfterSeconds: 0)
        if let objection = identities.register.objection(to: identity, keyHash: keyHash, at: SystemClock.wall()) {
            report(objection, to: credential, from: "")
            throw .refused(objection.refusal(of: identity))
        }
        return keyHash
    }

    /// Signs, and keeps what was signed.
    func issue(
        _ request: String, to identity: PeerIdentity, by issuedBy: String
    ) async throws(OperationError) -> String {
        let (office, now) = (identities, SystemClock.wall())
        return try await reads.runIdentity {
            try office.issue(signingRequest: request, to: identity, by: issuedBy, now: now)
        }
    }

    func identity(_ role: PeerRole, _ name: String) throws(OperationError) -> PeerIdentity {
        guard let identity = PeerIdentity(cluster: settings.cluster, role: role, name: name) else {
            throw .refused(.invalid("name", "must be 1 to 63 letters, digits, '.', '_' or '-'"))
        }
        return identity
    }

    /// Wrong tokens are answered slowly.
    func wrongToken(_ why: String, from address: String) async -> OperationError {
        joins.failed(address)
        try? await Task.sleep(for: .milliseconds(250))
        return .refused(Refusal(.permissionDenied, reason: "BAD_TOKEN", message: "The token \(why)."))
    }

    private static let longestTokenSeconds: Int64 = 30 * 86_400
    private static let issuedRoles: [PeerRole] = [.operator, .submitter, .viewer]
}
