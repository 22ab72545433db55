import Executors
import GridIdentity
import GridModel
import Logging
import Synchronization

/// Sees what signed attempts print and how they end, and signs it with the node's own key.
final class ResultWitness: Sendable {
    private let settings: AgentSettings
    private let credentials: CertificateFiles
    private let logger: Logger
    /// Read again when the certificate was renewed.
    private let signer = Mutex<(stamp: FileStamp, signer: NodeSigner)?>(nil)

    init(settings: AgentSettings, credentials: CertificateFiles, logger: Logger) {
        self.settings = settings
        self.credentials = credentials
        self.logger = logger
    }

    /// Nil for an attempt that is not signed: nothing is looked at.
    func sight(of start: AttemptStart) -> Sight? {
        start.spec.envelope.isEmpty ? nil : Sight(witness: self, start: start)
    }

    /// One attempt's events, as they pass.
    final class Sight: Sendable {
        private struct Streams {
            var stdout = SHA256Digest()
            var stderr = SHA256Digest()
            var stdoutBytes: UInt64 = 0
            var stderrBytes: UInt64 = 0
        }

        private let witness: ResultWitness
        private let ref: AttemptRef
        private let specDigest: [UInt8]
        private let envelopeDigest: [UInt8]
        private let streams = Mutex(Streams())

        init(witness: ResultWitness, start: AttemptStart) {
            self.witness = witness
            ref = start.ref
            specDigest = SHA256Digest.of(start.spec.canonicalBytes)
            envelopeDigest = SHA256Digest.of(start.spec.envelope)
        }

        /// The event; an end carries what the node attests.
        func seeing(_ event: AttemptEvent) -> AttemptEvent {
            switch event {
            case .started, .progress: return event
            case .output(.stdout, let bytes):
                streams.withLock {
                    $0.stdout.update(bytes)
                    $0.stdoutBytes += UInt64(bytes.count)
                }
                return event
            case .output(.stderr, let bytes):
                streams.withLock {
                    $0.stderr.update(bytes)
                    $0.stderrBytes += UInt64(bytes.count)
                }
                return event
            case .finished(var outcome):
                outcome.attestation = witness.attest(statement(outcome))
                return .finished(outcome)
            }
        }

        private func statement(_ outcome: AttemptOutcome) -> ResultStatement {
            let seen = streams.withLock { $0 }
            return ResultStatement(
                cluster: witness.settings.cluster, node: witness.settings.name, ref: ref, specDigest: specDigest,
                envelopeDigest: envelopeDigest, end: outcome.end, exitCode: outcome.exitCode, signal: outcome.signal,
                stdout: StreamDigest(bytes: seen.stdoutBytes, sha256: seen.stdout.finish()),
                stderr: StreamDigest(bytes: seen.stderrBytes, sha256: seen.stderr.finish()),
                finishedAt: SystemClock.wall())
        }
    }

    /// Empty when the node cannot sign: the result is as good as ever, and cannot be verified.
    private func attest(_ statement: ResultStatement) -> [UInt8] {
        do {
            let signer = try current()
            let bytes = statement.bytes
            return bytes + (try signer.signature(for: bytes)) + signer.certificate
        } catch {
            logger.error(
                "A result could not be signed", metadata: ["task": "\(statement.ref.task)", "error": "\(error)"])
            return []
        }
    }

    private func current() throws -> NodeSigner {
        try signer.withLock { known in
            let stamp = FileStamp(credentials.certificate)
            if let known, known.stamp == stamp { return known.signer }
            let signer = try NodeSigner(credentials)
            known = stamp.map { ($0, signer) }
            return signer
        }
    }
}
