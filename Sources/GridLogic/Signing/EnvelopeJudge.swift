package import GridModel

/// Decides, on a node, whether an envelope whose signature was found genuine lets an attempt start there, and remembers
/// those that did until they expire.
///
/// One envelope is one task: the first task that comes with it takes it, and another is refused. That task may come again
/// only as a newer attempt, because the grid's retries are its own and stand in no envelope; an attempt that was started
/// here once is never started again.
package struct EnvelopeJudge: Sendable {
    /// One envelope that was let in: the task that took it, its newest attempt here, and until when it matters.
    package struct Memory: Sendable, Hashable {
        package var nonce: EnvelopeNonce
        package var ref: AttemptRef
        package var expiresAt: Timestamp

        package init(nonce: EnvelopeNonce, ref: AttemptRef, expiresAt: Timestamp) {
            self.nonce = nonce
            self.ref = ref
            self.expiresAt = expiresAt
        }
    }

    package let cluster: String
    package let node: NodeName
    private let limit: Int
    private var taken: [EnvelopeNonce: (ref: AttemptRef, expiresAt: Timestamp)] = [:]
    private var sweptAt: Timestamp?

    /// - Parameters:
    ///   - remembered: what an earlier process of this node let in; the newest attempt of each counts.
    ///   - limit: envelopes remembered at once; beyond it nothing signed is taken until some have expired.
    package init(cluster: String, node: NodeName, remembered: [Memory] = [], limit: Int = 500_000) {
        self.cluster = cluster
        self.node = node
        self.limit = limit
        for memory in remembered {
            if let known = taken[memory.nonce], known.ref.epoch >= memory.ref.epoch { continue }
            taken[memory.nonce] = (memory.ref, memory.expiresAt)
        }
    }

    /// Everything that still matters, for a file written anew.
    package func memories(at now: Timestamp) -> [Memory] {
        taken.filter { $0.value.expiresAt > now }
            .map { Memory(nonce: $0.key, ref: $0.value.ref, expiresAt: $0.value.expiresAt) }
    }

    package var count: Int { taken.count }

    /// What is to be written down before the attempt starts; or why it does not.
    package mutating func judge(
        _ envelope: TaskEnvelope, for ref: AttemptRef, specDigest: [UInt8], at now: Timestamp
    ) -> Result<Memory, EnvelopeFault> {
        if let fault = fault(of: envelope, specDigest, now) { return .failure(fault) }
        let nonce = EnvelopeNonce(of: envelope)
        if let known = taken[nonce] {
            if let fault = fault(of: ref, after: known.ref) { return .failure(fault) }
        } else {
            sweep(at: now)
            guard taken.count < limit else {
                return .failure(
                    EnvelopeFault(
                        .memoryFull,
                        "\(node) remembers \(limit) envelopes, which is its most: wait until some have expired"))
            }
        }
        taken[nonce] = (ref, envelope.expiresAt)
        return .success(Memory(nonce: nonce, ref: ref, expiresAt: envelope.expiresAt))
    }

    private func fault(of envelope: TaskEnvelope, _ specDigest: [UInt8], _ now: Timestamp) -> EnvelopeFault? {
        guard envelope.cluster == cluster, envelope.node == nil || envelope.node == node else {
            let wanted = envelope.node.map { "node \($0) of \(envelope.cluster)" } ?? envelope.cluster
            return EnvelopeFault(.wrongAudience, "it was signed for \(wanted), and this is node \(node) of \(cluster)")
        }
        let (lifetime, overflow) = envelope.expiresAt.microseconds
            .subtractingReportingOverflow(envelope.issuedAt.microseconds)
        guard !overflow, (0...TaskEnvelope.longestLifetimeMilliseconds * 1_000).contains(lifetime) else {
            return EnvelopeFault(.livesTooLong, "its end must come after its issue, and within 7 days of it")
        }
        guard envelope.expiresAt > now else {
            let late = (now.microseconds - envelope.expiresAt.microseconds) / 1_000_000
            return EnvelopeFault(.expired, "it expired \(late) s ago by the clock of \(node): sign the task again")
        }
        let ahead = envelope.issuedAt.microseconds - now.microseconds
        guard ahead <= Self.clockToleranceMicroseconds else {
            return EnvelopeFault(
                .notYetValid,
                "it was issued \(ahead / 1_000_000) s in the future of \(node): compare the two machines' clocks")
        }
        guard envelope.specDigest == specDigest else {
            return EnvelopeFault(.taskChanged, "the task is not the one that was signed")
        }
        return nil
    }

    private func fault(of ref: AttemptRef, after known: AttemptRef) -> EnvelopeFault? {
        guard ref.task == known.task else {
            return EnvelopeFault(
                .replayed, "its envelope was used by task \(known.task): one envelope is good for one task")
        }
        if ref.epoch == known.epoch {
            return EnvelopeFault(.replayed, "attempt \(ref.epoch) of task \(ref.task) was started here before")
        }
        if ref.epoch < known.epoch {
            return EnvelopeFault(
                .outOfOrder, "attempt \(ref.epoch) of task \(ref.task) comes after its attempt \(known.epoch)")
        }
        return nil
    }

    /// Forgets the expired, when there are many and not more often than once a second.
    private mutating func sweep(at now: Timestamp) {
        guard taken.count >= min(limit, Self.sweepCount) else { return }
        if let sweptAt, abs(now.microseconds - sweptAt.microseconds) < 1_000_000 { return }
        sweptAt = now
        taken = taken.filter { $0.value.expiresAt > now }
    }

    private static let sweepCount = 4_096
    /// Machines' clocks disagree.
    private static let clockToleranceMicroseconds: Int64 = 300_000_000
}

/// Names one envelope for ever: its nonce, and half of its signer's digest, so that no signer can spend another's nonces.
package struct EnvelopeNonce: Sendable, Hashable {
    package let bytes: [UInt8]

    package init(of envelope: TaskEnvelope) { bytes = envelope.nonce + envelope.signer.prefix(16) }

    package init(bytes: [UInt8]) {
        precondition(bytes.count == Self.count, "an envelope is named by \(Self.count) bytes, not \(bytes.count)")
        self.bytes = bytes
    }

    package static let count = 32
}
