package import GridIdentity
package import GridLogic
import GridModel

/// The one chain that every door puts its callers through: authenticate → authorise → rate-limit → validate → audit →
/// trace. Knows no protocol: a door gives it evidence and a rule, and carries the `Call` it gets back. What a request
/// says is validated by the operation it asks for.
package final class Gateway: Sendable {
    /// Whose certificates prove nothing any more.
    package let revoked: RevocationList
    package let openCalls = OpenCalls()
    let limiter: CallLimiter
    let audit: AuditTrail?
    /// What a presented API key grants; nil when it is unknown, revoked or expired.
    private let keyGrant: @Sendable (_ authorization: String) -> APIKeyGrant?
    private let traces = TraceMaker()

    /// Without an audit only where nothing is served: in tests of the parts.
    package init(
        revoked: RevocationList = RevocationList(), limits: CallLimits = CallLimits(), audit: AuditTrail? = nil,
        keyGrant: @escaping @Sendable (_ authorization: String) -> APIKeyGrant? = { _ in nil }
    ) {
        self.revoked = revoked
        self.audit = audit
        self.keyGrant = keyGrant
        limiter = CallLimiter(limits)
    }

    /// Lets a call in, or says why not. Whatever is let in must come to `finish`.
    package func admit(_ evidence: Evidence, _ rule: MethodRule, traceparent: String?) throws(Denial) -> Call {
        let trace = traceparent.flatMap { TraceContext(traceparent: $0) } ?? traces.make()
        let caller: Caller
        do {
            caller = try authenticate(evidence)
        } catch {
            throw denied(Caller(.nothing, remote: evidence.remote), rule, trace, error)
        }
        do {
            try authorise(caller, rule)
        } catch {
            throw denied(caller, rule, trace, error)
        }
        if rule.callClass.isAuditedOneByOne, let refusal = audit?.refusal {
            throw denied(caller, rule, trace, .refused(refusal))
        }
        // What brings tasks is counted task by task.
        if case .key(let grant) = caller.proof, rule.callClass != .submit {
            do {
                try grant.spend(at: SystemClock.monotonic())
            } catch {
                throw denied(caller, rule, trace, error)
            }
        }
        let (verdict, owner) = limiter.begin(caller, rule)
        if case .refused(let shortage) = verdict {
            throw denied(caller, rule, trace, .refused(shortage.refusal(of: rule.name)), shortage.holdMilliseconds)
        }
        let call = Call(caller: caller, rule: rule, trace: trace, owner: owner)
        openCalls.add(call)
        // Revoked between the look at the list and this line: whoever revoked it may not have seen this call.
        do {
            _ = try authenticate(evidence)
        } catch {
            leave(call)
            throw denied(caller, rule, trace, error)
        }
        return call
    }

    /// The end of a call that was let in, however it ended. Returns when the audit knows of a change.
    package func finish(_ call: Call, _ outcome: CallOutcome) async {
        leave(call)
        switch call.rule.callClass {
        case .read, .stream:
            if outcome.isDenial { audit?.add(repeatable: entry(call, outcome)) }
        case .submit, .link: audit?.add(repeatable: entry(call, outcome))
        case .change, .enrol:
            if outcome.isOK {
                await audit?.write(entry(call, outcome))
            } else {
                audit?.add(repeatable: entry(call, outcome))
            }
        }
    }

    /// The end of a call whose door can wait for nothing: its caller has gone.
    package func abandon(_ call: Call) {
        leave(call)
        guard call.rule.callClass != .read, call.rule.callClass != .stream else { return }
        audit?.add(repeatable: entry(call, CallOutcome(code: "CANCELLED", reason: "")))
    }

    /// Tasks that came over an open call. How many of them are taken is decided here, and counted.
    package func submit(_ call: Call, count: Int, bytes: Int) -> CallAccount.Grant {
        let grant = limiter.submit(call, count: count, bytes: bytes)
        if grant.count > 0 { audit?.add(repeatable: entry(call, .ok, count: grant.count)) }
        if grant.count < count {
            let refused = CallOutcome(code: "RESOURCE_EXHAUSTED", reason: "RATE_LIMITED")
            audit?.add(repeatable: entry(call, refused, count: count - grant.count))
        }
        return grant
    }

    /// The arguments of one task that came by itself.
    func carry(_ caller: Caller, bytes: Int) throws(OperationError) {
        guard case .refused(let shortage) = limiter.carry(caller, bytes: bytes) else { return }
        throw .refused(shortage.refusal(of: "the task"))
    }

    /// A look that brings up so many tasks.
    func look(_ caller: Caller, tasks: Int) throws(OperationError) {
        guard case .refused(let shortage) = limiter.look(caller, cost: tasks / Self.tasksPerLook) else { return }
        throw .refused(shortage.refusal(of: "the list"))
    }

    /// Reading and sending so many tasks takes as long as one simple look.
    private static let tasksPerLook = 5

    /// How many tasks of an open call are to be taken in one piece, each when it is due: while others ask too. Nil: all
    /// that came, and the pause after them.
    func slice(of call: Call) -> Int? { limiter.slice(call) }

    /// From now on this key's certificates prove nothing, and what they have open ends. Returns how many calls.
    @discardableResult
    package func revoke(keyHash: [UInt8]) -> Int {
        revoked.revoke(keyHash: keyHash)
        return openCalls.end(because: "This certificate was revoked: ask an operator for a new one.") { caller in
            if case .certificate(let credential) = caller.proof { credential.keyHash == keyHash } else { false }
        }
    }

    /// A connection that never came as far as a call. True for the first of a kind in a while: that one is worth a line
    /// in the log.
    package func turnedAway(_ remote: String, _ reason: String) -> Bool {
        let stranger = Caller(.nothing, remote: remote)
        guard let audit else { return true }
        return audit.add(
            repeatable: AuditEntry(
                who: stranger.auditName, from: stranger.host, what: "connection", outcome: "DENIED", reason: reason,
                at: SystemClock.wall()))
    }

    private func leave(_ call: Call) {
        openCalls.remove(call)
        limiter.end(call)
    }

    /// Who it is. The one place where a proof is judged: a revoked certificate and an unknown key prove nothing.
    private func authenticate(_ evidence: Evidence) throws(OperationError) -> Caller {
        if let certificate = evidence.certificate {
            guard !isRevoked(evidence) else { throw Self.revokedCertificate }
            return Caller(.certificate(certificate), remote: evidence.remote)
        }
        if let authorization = evidence.authorization {
            guard let grant = keyGrant(authorization) else { throw Self.deadKey }
            return Caller(.key(grant), remote: evidence.remote)
        }
        return Caller(.nothing, remote: evidence.remote)
    }

    private func isRevoked(_ evidence: Evidence) -> Bool { evidence.certificate.map(revoked.contains) ?? false }

    private func authorise(_ caller: Caller, _ rule: MethodRule) throws(OperationError) {
        guard !caller.may(rule.permission) else { return }
        if case .nothing = caller.proof {
            throw .unauthenticated("\(rule.name) needs a certificate of this grid, or an API key.")
        }
        throw .refused(
            Refusal(
                .permissionDenied, reason: "ROLE_NOT_ALLOWED",
                message: "\(rule.name) needs a role that may \(rule.permission.rawValue); \(caller.name) is "
                    + "\(caller.standing). Ask an operator for a certificate of such a role."))
    }

    private func denied(
        _ caller: Caller, _ rule: MethodRule, _ trace: TraceContext, _ error: OperationError,
        _ holdMilliseconds: Int64 = 0
    ) -> Denial {
        let refusal = error.refusal
        audit?.add(
            repeatable: AuditEntry(
                who: caller.auditName, from: caller.host, what: rule.name, outcome: error.auditCode,
                reason: refusal.reason, trace: trace.traceID, at: SystemClock.wall()))
        return Denial(error: error, holdMilliseconds: holdMilliseconds)
    }

    private func entry(_ call: Call, _ outcome: CallOutcome, count: Int = 1) -> AuditEntry {
        AuditEntry(
            who: call.caller.auditName, from: call.caller.host, what: call.rule.name, subject: call.subject,
            outcome: outcome.code, reason: outcome.reason, trace: call.trace.traceID, at: SystemClock.wall(),
            count: Int64(count))
    }

    private static let deadKey = OperationError.unauthenticated(
        "This API key is not known here, has expired or was revoked: noizylab key list, on the coordinator.")
    private static let revokedCertificate = OperationError.unauthenticated(
        "This certificate was revoked: ask an operator for a new one.")
}

/// Why a call was not let in, and how long its caller is to wait for the answer.
package struct Denial: Error, Sendable {
    package let error: OperationError
    package let holdMilliseconds: Int64
}

extension CallClass {
    /// Of the others the audit may count what repeats.
    fileprivate var isAuditedOneByOne: Bool { self == .change || self == .enrol }
}

extension CallAccount.Shortage {
    fileprivate func refusal(of what: String) -> Refusal {
        let message =
            switch kind {
            case .rate: "You ask too often: \(what) was not done."
            case .openCalls: "Too many of your calls are open: end one before \(what)."
            case .bytes: "Too many bytes came from you: \(what) was not done."
            }
        return Refusal(
            .resourceExhausted, reason: kind == .openCalls ? "TOO_MANY_OPEN_CALLS" : "RATE_LIMITED",
            message: message + " The limits stand in [limits] of the coordinator's configuration.",
            retryAfterMilliseconds: retryAfterMilliseconds)
    }
}
