import Foundation
import GridIdentity
import GridModel
import Testing

/// Signs as a submitter does, and lets a test change what it likes before and after.
struct Sealing: Sendable {
    let key: SignerKey
    var cluster = "TEST"
    var node: NodeName?
    var lifetimeSeconds: Int64 = 60
    var issuedSecondsAgo: Int64 = 0

    init(_ key: SignerKey = .make(.ed25519)) { self.key = key }

    var publicKey: String { "\(key.publicKey)" }

    func seal(_ spec: TaskSpec) throws -> TaskSpec {
        let now = Int64(Date().timeIntervalSince1970 * 1_000_000) - issuedSecondsAgo * 1_000_000
        let envelope = TaskEnvelope(
            algorithm: key.algorithm, signer: key.publicKey.id, cluster: cluster, node: node,
            nonce: (0..<16).map { _ in UInt8.random(in: 0...255) }, issuedAt: Timestamp(microseconds: now),
            expiresAt: Timestamp(microseconds: now + lifetimeSeconds * 1_000_000), key: "",
            specDigest: SHA256Digest.of(spec.canonicalBytes))
        var sealed = spec
        sealed.envelope = envelope.statement + (try key.signature(for: envelope.statement))
        return sealed
    }

    static func start(_ task: UInt64, _ spec: TaskSpec) -> Order { start(task, 1, spec) }

    static func start(_ task: UInt64, _ epoch: UInt32, _ spec: TaskSpec) -> Order {
        .start(AttemptStart(ref: ref(task, epoch), spec: spec, gpuIndices: []))
    }

    static func ref(_ task: UInt64, _ epoch: UInt32 = 1) -> AttemptRef {
        AttemptRef(task: TaskID(number: task), epoch: epoch)
    }

    static func script(_ text: String) -> TaskSpec {
        TaskSpec(payload: .command(Command(invocation: .script(.sh, text))))
    }
}
