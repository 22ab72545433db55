package import GridIdentity
import GridModel

/// The one chain that every door puts its callers through: authenticate → authorise → rate-limit → validate → audit →
/// trace. Knows no protocol: a door gives it evidence and a rule, and carries the `Call` it gets back.
package final class Gateway: Sendable {
    /// Whose certificates prove nothing any more.
    package let revoked: RevocationList
    package let openCalls = OpenCalls()
    /// What a presented API key grants; nil when it is unknown, revoked or expired.
    private let keyGrant: @Sendable (_ authorization: String) -> APIKeyGrant?
    private let traces = TraceMaker()

    package init(
        revoked: RevocationList = RevocationList(),
        keyGrant: @escaping @Sendable (_ authorization: String) -> APIKeyGrant? = { _ in nil }
    ) {
        self.revoked = revoked
        self.keyGrant = keyGrant
    }

    /// Lets a call in, or says why not. What stays open is registered until `finish`.
    package func admit(
        _ evidence: Evidence, _ rule: MethodRule, traceparent: String?
    ) throws(OperationError) -> Call {
        let caller = try authenticate(evidence)
        try authorise(caller, rule)
        let trace = traceparent.flatMap { TraceContext(traceparent: $0) } ?? traces.make()
        let call = Call(caller: caller, rule: rule, trace: trace)
        if rule.callClass.staysOpen {
            openCalls.add(call)
            // Revoked between the look at the list and this line: whoever revoked it may not have seen this call.
            if isRevoked(evidence) { call.end(Self.revokedCertificate) }
        }
        return call
    }

    /// The end of a call that was let in, however it ended.
    package func finish(_ call: Call, _ outcome: CallOutcome) {
        if call.rule.callClass.staysOpen { openCalls.remove(call) }
    }

    /// Who it is. The one place where a proof is judged: a revoked certificate and an unknown key prove nothing.
    private func authenticate(_ evidence: Evidence) throws(OperationError) -> Caller {
        if let certificate = evidence.certificate {
            guard !isRevoked(evidence) else { throw Self.revokedCertificate }
            return Caller(.certificate(certificate), remote: evidence.remote)
        }
        if let authorization = evidence.authorization {
            guard let grant = keyGrant(authorization) else {
                throw .unauthenticated("This API key is not known here, has expired or was revoked.")
            }
            return Caller(.key(grant), remote: evidence.remote)
        }
        return Caller(.nothing, remote: evidence.remote)
    }

    private func isRevoked(_ evidence: Evidence) -> Bool { evidence.certificate.map(revoked.contains) ?? false }

    private func authorise(_ caller: Caller, _ rule: MethodRule) throws(OperationError) {
        guard !caller.may(rule.permission) else { return }
        if case .nothing = caller.proof {
            throw .unauthenticated("\(rule.name) needs a certificate of this grid.")
        }
        throw .refused(
            Refusal(
                .permissionDenied, reason: "ROLE_NOT_ALLOWED",
                message: "\(rule.name) needs a role that may \(rule.permission.rawValue); \(caller.name) is "
                    + "\(caller.standing). Ask an operator for a certificate of such a role."))
    }

    private static let revokedCertificate = OperationError.unauthenticated(
        "This certificate was revoked: ask an operator for a new one.")
}
