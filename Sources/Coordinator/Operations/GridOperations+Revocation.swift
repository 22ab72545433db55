import GridIdentity
import GridModel
import GridStore
import Logging

/// Ending the belief in a key.
extension GridOperations {
    /// Ends the belief in every key that the subject has: a serial (or its beginning), or a name. In force, on open calls
    /// and connections too, when it returns.
    package func revoke(
        _ caller: Caller, subject: String, role: String, reason: String
    ) async throws(OperationError) -> (certificates: [CertificateView], connectionsEnded: Int) {
        try authorise(caller, .issueIdentities)
        let now = SystemClock.wall()
        let meant = try meant(subject, role: role, at: now)
        let keys = Set(meant.map(\.certificate.keyHash))
        try refuseOwn(meant, keys, caller)
        let text = String(reason.prefix(500))
        let revocations = keys.compactMap { key in
            meant.first { $0.certificate.keyHash == key }.map {
                StoredRevocation(
                    keyHash: key, identity: $0.certificate.identity, at: now, by: caller.name, reason: text)
            }
        }
        let register = identities.register
        try await reads.run { () throws(StoreError) in try register.revoke(revocations) }
        let ended = await endEverything(of: keys, by: caller.name)
        for view in meant where view.state != .replaced {
            let name = view.identity?.name ?? view.certificate.identity
            logger.notice(
                "Certificate revoked", metadata: ["of": "\(view.certificate.identity)", "by": "\(caller.name)"])
            note(
                IdentityNotice(
                    .certificateRevoked, node: view.identity?.role == .agent ? NodeName(name) : nil, by: caller.name,
                    "the key of \(name) (\(view.identity?.role.rawValue ?? "unknown")) was revoked by \(caller.name)"
                        + (text.isEmpty ? "" : ": \(text)")))
        }
        let revoked = certificateViews(at: now).filter { keys.contains($0.certificate.keyHash) }
        return (revoked, ended)
    }

    private func meant(_ subject: String, role: String, at now: Timestamp) throws(OperationError) -> [CertificateView] {
        let living = certificateViews(at: now).filter { $0.state != .revoked }
        var found = living.filter {
            $0.identity?.name == subject && (role.isEmpty || $0.identity?.role.rawValue == role)
        }
        if found.isEmpty, subject.utf8.count >= 6 {
            found = living.filter { $0.certificate.serial.hasPrefix(subject.lowercased()) }
        }
        guard !found.isEmpty else {
            throw .refused(
                Refusal(
                    .notFound, reason: "NO_SUCH_CERTIFICATE",
                    message: "No certificate that is believed has the serial or name “\(subject.prefix(80))”: "
                        + "`noizylab cert list --all` shows those there are."))
        }
        let identities = Set(found.map(\.certificate.identity))
        guard identities.count == 1 else {
            throw .refused(
                Refusal(
                    .failedPrecondition, reason: "AMBIGUOUS_NAME",
                    message:
                        "“\(subject.prefix(80))” is more than one: \(identities.sorted().joined(separator: ", ")). "
                        + "Say which with --role, or give the serial."))
        }
        return found
    }

    private func refuseOwn(
        _ meant: [CertificateView], _ keys: Set<[UInt8]>, _ caller: Caller
    ) throws(OperationError) {
        if meant.contains(where: { $0.identity?.role == .coordinator }) {
            throw .refused(
                Refusal(
                    .failedPrecondition, reason: "OWN_CERTIFICATE",
                    message: "The coordinator's own key cannot be revoked: if it was stolen, stop the grid, remove "
                        + "pki/coordinator, rotate the authority (`noizylab cert rotate`) and start again."))
        }
        if case .certificate(let own) = caller.proof, keys.contains(own.keyHash) {
            throw .refused(
                Refusal(
                    .failedPrecondition, reason: "OWN_CERTIFICATE",
                    message: "This is the key you are connected with: have another operator revoke it."))
        }
    }

    /// Calls hear why; whatever is still open a moment later is cut.
    private func endEverything(of keys: Set<[UInt8]>, by: String) async -> Int {
        for key in keys { gateway.revoked.revoke(keyHash: key) }
        let sentence = "This certificate was revoked by \(by): ask an operator for a new one."
        gateway.openCalls.end(because: sentence) { caller in
            if case .certificate(let credential) = caller.proof { keys.contains(credential.keyHash) } else { false }
        }
        try? await Task.sleep(for: .milliseconds(100))
        return identities.endConnections(of: keys)
    }
}
