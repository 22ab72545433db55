package import GridIdentity
import GridModel
package import GridWire
import SwiftProtobuf

import struct Foundation.Date

/// What can be said of a task's end without believing the coordinator: by the signature of the node that ran it, the
/// grid's authority, and the submitter's own signature.
package struct ResultCheck: Sendable {
    package struct Finding: Sendable, Hashable {
        /// Nil: it could not be looked at here, which is no fault.
        package let isGood: Bool?
        package let text: String
    }

    package private(set) var findings: [Finding] = []

    /// Nothing that was looked at was wrong, and the node's own word was among it.
    package private(set) var isVerified = false

    /// Everything that was printed, when all of it is here.
    package struct Output: Sendable {
        package let stdout: [UInt8]
        package let stderr: [UInt8]

        package init(stdout: [UInt8], stderr: [UInt8]) {
            self.stdout = stdout
            self.stderr = stderr
        }
    }

    /// - Parameters:
    ///   - authorities: PEM, whose nodes are believed.
    ///   - signers: those whose envelopes can be told apart here.
    ///   - output: nil when it is not whole.
    package static func of(
        _ info: Noizylab_Grid_TaskInfo, output: Output?, authorities: String, signers: TrustedSigners
    ) async -> ResultCheck {
        var check = ResultCheck()
        await check.look(at: info, output, authorities, signers)
        return check
    }

    private mutating func look(
        at info: Noizylab_Grid_TaskInfo, _ output: Output?, _ authorities: String, _ signers: TrustedSigners
    ) async {
        guard let spec = try? info.spec.model(), let id = TaskID(info.id), let attempt = info.attempts.last else {
            return add(false, "the task has no attempt")
        }
        guard !spec.envelope.isEmpty else {
            return add(false, "the task was not signed, so no node signed its result")
        }
        let outcome = attempt.outcome
        guard !outcome.attestation.isEmpty else {
            return add(false, "\(attempt.node) signed nothing of this end: the coordinator concluded it by itself")
        }
        guard let attestation = ResultStatement.open([UInt8](outcome.attestation)) else {
            return add(false, "what is kept as the node's word cannot be read")
        }
        let statement = attestation.statement
        await checkSignature(attestation, authorities)
        check(
            statement.ref == AttemptRef(task: id, epoch: attempt.epoch) && statement.node.text == attempt.node,
            "it is the word on attempt \(attempt.epoch) of task \(info.id) on \(attempt.node)",
            "it is the word on attempt \(statement.ref.epoch) of task \(statement.ref.task) on \(statement.node)")
        if spec.secrets.isEmpty {
            check(
                statement.specDigest == SHA256Digest.of(spec.canonicalBytes),
                "the task that is shown is the one that ran", "the task that is shown is not the one that ran")
        } else {
            add(nil, "the task has secrets, which are not shown, so what is shown cannot be compared with what ran")
        }
        check(
            statement.end.rawValue == outcome.end
                && statement.exitCode == (outcome.hasExitCode ? outcome.exitCode : nil)
                && statement.signal == (outcome.hasSignal ? outcome.signal : nil),
            "it \(Self.words(statement))", "it \(Self.words(statement)), which is not what is shown")
        checkOutput(statement, output)
        checkEnvelope(spec, statement, signers)
        isVerified = !findings.contains { $0.isGood == false }
    }

    private mutating func checkSignature(_ attestation: ResultStatement.Attestation, _ authorities: String) async {
        let statement = attestation.statement
        let signedAt = Date(timeIntervalSince1970: Double(statement.finishedAt.microseconds) / 1_000_000)
        do {
            let signer = try await NodeSignatureVerifier(authorities: authorities).verify(
                attestation.signature, for: attestation.signed, certificate: attestation.certificate, at: signedAt)
            check(
                signer.name == statement.node.text && signer.cluster == statement.cluster,
                "signed by \(signer), whose certificate this grid's authority issued",
                "signed by \(signer) in the name of \(statement.node) of \(statement.cluster)")
        } catch {
            add(false, error.message)
        }
    }

    private mutating func checkOutput(_ statement: ResultStatement, _ output: Output?) {
        for (name, stated, bytes) in [
            ("stdout", statement.stdout, output?.stdout), ("stderr", statement.stderr, output?.stderr),
        ] {
            guard let bytes else {
                add(nil, "\(name): \(stated.bytes) bytes, of which not all are kept, so they cannot be compared")
                continue
            }
            check(
                stated.bytes == bytes.count && stated.sha256 == SHA256Digest.of(bytes),
                "\(name): \(bytes.count) bytes, as the node saw them", "\(name) is not what the node saw")
        }
    }

    private mutating func checkEnvelope(_ spec: TaskSpec, _ statement: ResultStatement, _ signers: TrustedSigners) {
        guard let (envelope, signed, signature) = TaskEnvelope.open(spec.envelope),
            statement.envelopeDigest == SHA256Digest.of(spec.envelope)
        else { return add(false, "the envelope that is shown is not the one that the node saw") }
        guard let known = signers.find(envelope.signer) else {
            return add(
                nil,
                "asked for by the signer \(Hexadecimal.encode(envelope.signer.prefix(8))), who is not in "
                    + "this machine's trusted_signers")
        }
        let name = known.signer.name.isEmpty ? known.signer.key.shortID : known.signer.name
        check(
            known.verifier.isValid(signature, for: signed) && envelope.specDigest == statement.specDigest,
            "asked for by \(name), whose signature fits", "the envelope in the name of \(name) is forged")
    }

    private static func words(_ statement: ResultStatement) -> String {
        if let code = statement.exitCode { return "ended as \(statement.end.rawValue) with exit code \(code)" }
        if let signal = statement.signal { return "ended as \(statement.end.rawValue) by signal \(signal)" }
        return "ended as \(statement.end.rawValue)"
    }

    private mutating func check(_ isGood: Bool, _ good: String, _ bad: String) { add(isGood, isGood ? good : bad) }

    private mutating func add(_ isGood: Bool?, _ text: String) {
        findings.append(Finding(isGood: isGood, text: text))
    }
}
