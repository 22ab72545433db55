package import GridIdentity
import GridModel
import Logging
import Synchronization

/// Coming back by one's key, when no certificate opens anything any more.
extension GridOperations {
    /// A number for a machine to sign.
    package func challenge() -> [UInt8] {
        let nonce = KeyProof.makeNonce()
        identities.challenges.withLock { $0.add(nonce, at: SystemClock.monotonic()) }
        return nonce
    }

    /// A node whose certificate opens nothing any more proves its key and gets another.
    package func recover(
        name: String, nonce: [UInt8], signingRequest: String, signature: [UInt8], from address: String
    ) async throws(OperationError) -> (certificate: String, trust: TrustSet) {
        guard joins.isOpen(to: address, at: SystemClock.monotonic()) else {
            throw .refused(
                Refusal(
                    .resourceExhausted, reason: "TOO_MANY_JOINS",
                    message: "Too many wrong proofs came lately: try again in a minute.",
                    retryAfterMilliseconds: 60_000
                ))
        }
        guard nonce.count == KeyProof.nonceSize else {
            throw .refused(.invalid("nonce", "must be the \(KeyProof.nonceSize) bytes that `Challenge` gave"))
        }
        guard identities.challenges.withLock({ $0.take(nonce, at: SystemClock.monotonic()) }) else {
            throw await wrongProof(
                "NONCE_USED", "The number was not drawn here, was answered already, or is too old.", from: address)
        }
        let identity = try identity(.agent, name)
        let keyHash: [UInt8]
        do {
            keyHash = try KeyProof(signature: signature).keyHash(
                nonce: nonce, name: name, signingRequest: signingRequest)
        } catch {
            throw await wrongProof("BAD_PROOF", error.message, from: address)
        }
        // First whether it is a key of this name: who has none learns nothing about names.
        guard identities.register.newest(of: identity, keyHash: keyHash, at: SystemClock.wall()) != nil else {
            throw await wrongProof(
                "UNKNOWN_KEY",
                "\(name) has had no certificate of this key, or it ended more than "
                    + "\(identities.lifetimes.recovery / 86_400) days ago: join again with a new token.",
                from: address)
        }
        try await checkKey(of: identity, signingRequest)
        let certificate = try await issue(signingRequest, to: identity, by: "recovery")
        logger.notice("Node recovered", metadata: ["node": "\(name)"])
        note(
            IdentityNotice(
                .nodeRecovered, node: NodeName(name), "\(name) proved its key and has a new certificate"))
        return (certificate, identities.authority.trust)
    }

    private func wrongProof(_ reason: String, _ message: String, from address: String) async -> OperationError {
        joins.failed(address)
        logger.info("A node could not come back", metadata: ["why": "\(message)"])
        try? await Task.sleep(for: .milliseconds(250))
        return .refused(Refusal(.permissionDenied, reason: reason, message: message))
    }
}
