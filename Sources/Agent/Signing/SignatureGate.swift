import Executors
import GridIdentity
import GridLogic
import GridModel
import Logging
import Synchronization

/// Stands before every attempt: what is signed must be genuine, and on a node that requires it everything must be signed.
///
/// The coordinator is not asked, and not believed: the signers are this machine's own list, what was let in is this
/// node's own memory, and the bytes that were signed are made from the very task that would run.
///
/// A node that trusts nobody and requires nothing looks at no envelope.
final class SignatureGate: Sendable {
    private struct State {
        var judge: EnvelopeJudge
        var signers: SignerList
    }

    private let settings: AgentSettings
    private let memory: EnvelopeMemory
    private let logger: Logger
    private let state: Mutex<State>

    init(settings: AgentSettings, logger: Logger) throws {
        self.settings = settings
        self.logger = logger
        let (memory, remembered) = try EnvelopeMemory.open(folder: settings.folder)
        self.memory = memory
        state = Mutex(
            State(
                judge: EnvelopeJudge(cluster: settings.cluster, node: settings.name, remembered: remembered),
                signers: try SignerList(settings)))
    }

    /// Whether the order may only be obeyed when it was judged.
    func concerns(_ order: Order) -> Bool {
        guard case .start(let start) = order else { return false }
        return settings.requiresSignatures || !start.spec.envelope.isEmpty
    }

    /// Why the attempt may not start; nil when it may, which is then remembered.
    func fault(of start: AttemptStart) -> EnvelopeFault? {
        guard let fault = fault(of: start, at: SystemClock.wall()) else { return nil }
        logger.warning(
            "A task was refused for its signature",
            metadata: ["node": "\(settings.name)", "task": "\(start.ref.task)", "reason": "\(fault.text)"])
        return fault
    }

    private func fault(of start: AttemptStart, at now: Timestamp) -> EnvelopeFault? {
        guard !start.spec.envelope.isEmpty else {
            return EnvelopeFault(
                .notSigned,
                "\(settings.name) takes only signed tasks: noizylab run --sign KEYFILE, with a key it trusts")
        }
        guard let (envelope, statement, signature) = TaskEnvelope.open(start.spec.envelope) else {
            return EnvelopeFault(.badEnvelope, "what came with the task is not a sealed envelope")
        }
        return state.withLock { state in
            let signers: TrustedSigners
            switch state.signers.current() {
            case .success(let current): signers = current
            case .failure(let error):
                return EnvelopeFault(
                    .unknownSigner, "the signers that \(settings.name) trusts cannot be read: \(error)")
            }
            if signers.isEmpty, !settings.requiresSignatures { return nil }
            guard let known = signers.find(envelope.signer), known.signer.key.algorithm == envelope.algorithm else {
                return EnvelopeFault(
                    .unknownSigner,
                    "\(settings.name) does not trust the signer \(Hexadecimal.encode(envelope.signer.prefix(8))): "
                        + "noizylab signer trust, on that machine")
            }
            guard known.verifier.isValid(signature, for: statement) else {
                return EnvelopeFault(.badSignature, "the signature is not by the key it names")
            }
            let digest = SHA256Digest.of(start.spec.canonicalBytes)
            switch state.judge.judge(envelope, for: start.ref, specDigest: digest, at: now) {
            case .failure(let fault): return fault
            case .success(let taken): return remember(taken, &state.judge, now)
            }
        }
    }

    private func remember(_ taken: EnvelopeJudge.Memory, _ judge: inout EnvelopeJudge, _ now: Timestamp)
        -> EnvelopeFault?
    {
        do {
            try memory.add(taken) { judge.memories(at: now) }
            return nil
        } catch {
            return EnvelopeFault(
                .notRemembered, "\(settings.name) could not write down that it let the task in: \(error)")
        }
    }
}

/// The signers of the configuration and of the file; the file is read again when it is another than before.
private struct SignerList {
    private let configured: TrustedSigners
    private let file: String?
    private var stamp: FileStamp?
    private var read: Result<TrustedSigners, IdentityError>

    init(_ settings: AgentSettings) throws(AgentError) {
        do {
            configured = try TrustedSigners(
                text: settings.trustedSigners.joined(separator: "\n"), from: "trusted_keys of node \(settings.name)")
        } catch {
            throw AgentError(.signers, error.message)
        }
        file = settings.trustedSignersFile
        read = .success(configured)
    }

    mutating func current() -> Result<TrustedSigners, IdentityError> {
        guard let file else { return read }
        let now = FileStamp(file)
        guard now != stamp else { return read }
        stamp = now
        read = now == nil ? .success(configured) : Self.read(file, onTopOf: configured)
        return read
    }

    private static func read(
        _ file: String, onTopOf configured: TrustedSigners
    ) -> Result<TrustedSigners, IdentityError> {
        do throws(IdentityError) {
            var all = configured
            for signer in try TrustedSigners(text: PrivateFile.read(file), from: file).signers { try all.add(signer) }
            return .success(all)
        } catch {
            return .failure(error)
        }
    }
}
