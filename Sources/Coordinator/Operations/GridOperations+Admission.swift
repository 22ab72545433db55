import GridIdentity
import GridModel
import GridStore
import Logging
import Synchronization

/// Who may come in, and how: each certificate that is shown, machines that wait for an operator, and nodes that come back.
extension GridOperations {
    // MARK: the handshake

    /// Asked about every good certificate; throws why it is not wanted.
    func admit(_ credential: PeerCredential) throws(IdentityError) {
        let now = SystemClock.wall()
        guard let objection = identities.register.shown(credential, at: now) else { return }
        report(objection, to: credential, from: "")
        throw IdentityError(.refused, objection.refusal(of: credential.identity).message)
    }

    /// A stolen name is told to the operator, once in a while.
    func report(_ objection: CertificateRegister.Objection, to credential: PeerCredential, from address: String) {
        guard objection == .nameTaken, identities.isNews(credential, at: SystemClock.wall()) else { return }
        let name = credential.identity.name
        let key = Hexadecimal.encode(credential.keyHash.prefix(8))
        logger.warning(
            "A node's name was claimed with another key", metadata: ["node": "\(name)", "key": "\(key)"])
        note(
            IdentityNotice(
                .nodeKeyRefused, node: NodeName(name),
                "somebody claimed to be \(name) with another key (\(key)…) and was refused; if it is the machine itself, "
                    + "free the name: noizylab node revoke \(name)"))
    }

    // MARK: joining under an operator's eyes

    /// A machine that joins and waits. `waiting` hears the fingerprint that both screens show.
    package func joinConfirmed(
        token text: String, name: String, signingRequest: String, from address: String,
        waiting: @Sendable (Enrolment) async throws -> Void
    ) async throws -> String {
        let (node, token) = try await checkToken(text, name: name, from: address)
        let identity = try identity(.agent, name)
        try await look(at: token, of: node, isConfirmed: true, from: address)
        let keyHash = try await checkKey(of: identity, signingRequest)
        // Of the authority that the token names, because that is the one the machine saw.
        let fingerprint = JoinFingerprint(
            authorityKeyHash: token.authorityKeyHash, nodeKeyHash: keyHash, name: name)
        let asked = identities.enrolments.withLock {
            $0.ask(node, fingerprint: fingerprint, keyHash: keyHash, from: address, at: SystemClock.wall())
        }
        let enrolment: Enrolment
        switch asked {
        case .success(let made): enrolment = made
        case .failure(let refused): throw OperationError.refused(refused.why.refusal(of: name))
        }
        defer { identities.enrolments.withLock { $0.left(node, keyHash: keyHash) } }
        logger.notice(
            "A machine waits to be let in",
            metadata: ["node": "\(name)", "from": "\(address)", "fingerprint": "\(fingerprint)"])
        note(
            IdentityNotice(
                .enrolmentWaiting, node: node,
                "\(name) at \(address) waits to be let in with the fingerprint \(fingerprint): noizylab node approve "
                    + name))
        try await waiting(enrolment)
        try await decision(on: node, keyHash)
        return try await join(
            token: text, name: name, signingRequest: signingRequest, from: address, isConfirmed: true)
    }

    /// Returns when an operator said yes.
    private func decision(on node: NodeName, _ keyHash: [UInt8]) async throws {
        while true {
            let state = identities.enrolments.withLock {
                $0.state(of: node, keyHash: keyHash, at: SystemClock.wall())
            }
            switch state {
            case .approved: return
            case .denied:
                throw OperationError.refused(
                    Refusal(.permissionDenied, reason: "DENIED", message: "An operator said no to \(node)."))
            case nil:
                throw OperationError.refused(
                    Refusal(
                        .permissionDenied, reason: "NOT_CONFIRMED",
                        message:
                            "No operator said yes to \(node) in time: join again and have the fingerprint compared."))
            case .waiting:
                if loop.isStopping { throw OperationError.refused(.stopping) }
                try await Task.sleep(for: .milliseconds(200))
            }
        }
    }

    package func enrolments(_ caller: Caller) throws(OperationError) -> [Enrolment] {
        try authorise(caller, .viewIdentities)
        return identities.enrolments.withLock { $0.all(at: SystemClock.wall()) }
    }

    package func decideEnrolment(
        _ caller: Caller, name: String, approve: Bool, fingerprint: String
    ) throws(OperationError) -> Enrolment {
        try authorise(caller, .issueIdentities)
        let node = try Self.nodeName(name)
        let decided = identities.enrolments.withLock {
            $0.decide(node, approve: approve, fingerprint: fingerprint, at: SystemClock.wall())
        }
        switch decided {
        case .success(let enrolment):
            note(
                IdentityNotice(
                    approve ? .enrolmentApproved : .enrolmentDenied, node: node, by: caller.name,
                    "\(caller.name) said \(approve ? "yes" : "no") to \(name)"))
            return enrolment
        case .failure(let refused): throw .refused(refused.why.refusal(of: name))
        }
    }
}
