import Foundation
package import GridIdentity
package import GridModel
import GridStore
import Logging

/// Letting machines, people and programs in.
extension GridOperations {
    package func createToken(
        _ caller: Caller, name: String, lifetimeSeconds: Int64
    ) async throws(OperationError) -> (token: JoinToken, expiresAt: Timestamp) {
        try authorise(caller, .issueIdentities)
        var only: NodeName?
        if !name.isEmpty { only = try Self.nodeName(name) }
        guard (0...Self.longestTokenSeconds).contains(lifetimeSeconds) else {
            throw .refused(
                .invalid("ttl_seconds", "must be 1 ... \(Self.longestTokenSeconds) (30 days), or 0 for one hour"))
        }
        let seconds = lifetimeSeconds == 0 ? 3_600 : lifetimeSeconds
        let token = JoinToken.make(authorityKeyHash: authority.keyHash)
        let expiresAt = Timestamp(microseconds: SystemClock.wall().microseconds + seconds * 1_000_000)
        let kept = StoredToken(hash: token.secretHash, name: only, expires: expiresAt)
        try await reads.run { [store] () throws(StoreError) in try store.saveToken(kept) }
        logger.notice("Join token made", metadata: ["by": "\(caller.name)", "for": "\(name)"])
        return (token, expiresAt)
    }

    package func issueCertificate(
        _ caller: Caller, name: String, role: String, signingRequest: String
    ) throws(OperationError) -> String {
        try authorise(caller, .issueIdentities)
        guard let wanted = PeerRole(rawValue: role), Self.issuedRoles.contains(wanted) else {
            throw .refused(
                .invalid("role", "must be one of \(Self.issuedRoles.map(\.rawValue).joined(separator: ", "))"))
        }
        let certificate = try sign(signingRequest, role: wanted, name: name)
        logger.notice("Certificate issued", metadata: ["by": "\(caller.name)", "to": "\(name)", "role": "\(role)"])
        return certificate
    }

    /// A stranger with a token: the token is used up only when everything else about the request is right.
    package func join(
        token text: String, name: String, signingRequest: String
    ) async throws(OperationError) -> String {
        guard joins.isOpen(at: SystemClock.monotonic()) else {
            throw .refused(
                Refusal(
                    .resourceExhausted, reason: "TOO_MANY_JOINS",
                    message: "Too many wrong tokens came lately: try again in a minute.",
                    retryAfterMilliseconds: 60_000))
        }
        let node = try Self.nodeName(name)
        guard let token = JoinToken(text) else { throw await wrongToken("is not a join token: copy all of it") }
        guard token.authorityKeyHash == authority.keyHash else { throw await wrongToken("is for another grid") }
        // Signed before the token is used, because a bad request must not use it up; given out only after.
        let certificate = try sign(signingRequest, role: .agent, name: name)
        let (hash, now) = (token.secretHash, SystemClock.wall())
        let use = try await reads.run { [store] () throws(StoreError) in
            try store.useToken(hash: hash, by: node, at: now)
        }
        switch use {
        case .accepted: break
        case .unknown: throw await wrongToken("is not known here: ask for a new one with `noizylab token create`")
        case .used: throw await wrongToken("was used already: ask for a new one with `noizylab token create`")
        case .expired: throw await wrongToken("has expired: ask for a new one with `noizylab token create`")
        case .wrongName(let only): throw await wrongToken("is for the node \(only)")
        }
        logger.notice("Node joined", metadata: ["node": "\(node)"])
        return certificate
    }

    private func sign(_ request: String, role: PeerRole, name: String) throws(OperationError) -> String {
        guard let identity = PeerIdentity(cluster: settings.cluster, role: role, name: name) else {
            throw .refused(.invalid("name", "must be 1 to 63 letters, digits, '.', '_' or '-'"))
        }
        do {
            return try authority.issue(signingRequest: request, to: identity, now: Date())
        } catch {
            switch error.code {
            case .malformed, .refused: throw .refused(.invalid("signing_request", error.message))
            default: throw .failed(error.message)
            }
        }
    }

    /// Wrong tokens are answered slowly.
    private func wrongToken(_ why: String) async -> OperationError {
        joins.failed()
        try? await Task.sleep(for: .milliseconds(250))
        return .refused(Refusal(.permissionDenied, reason: "BAD_TOKEN", message: "The token \(why)."))
    }

    private static let longestTokenSeconds: Int64 = 30 * 86_400
    private static let issuedRoles: [PeerRole] = [.operator, .submitter, .viewer]
}
