import Agent
import Executors
import Foundation
import GridIdentity
import GridModel
import Testing

/// A coordinator that lies, and a node that does not believe it: real orders over a real link.
@Suite(.timeLimit(.minutes(1)))
struct SignatureGateTests {
    private let sealing = Sealing()

    private func withStrictAgent(
        _ body: @Sendable (ScriptedCoordinator, AgentSettings) async throws -> Void
    ) async throws {
        let trusted = sealing.publicKey
        try await withAgent {
            $0.requiresSignatures = true
            $0.trustedSigners = ["\(trusted) anna"]
        } _: { coordinator, settings in
            await coordinator.wait { !$0.heartbeats.isEmpty }
            try await body(coordinator, settings)
        }
    }

    private func refusal(_ coordinator: ScriptedCoordinator, _ task: UInt64, _ epoch: UInt32 = 1) async -> String? {
        guard let outcome = await coordinator.outcome(Sealing.ref(task, epoch)), outcome.end == .refused else {
            return nil
        }
        return String(outcome.error.prefix { $0 != ":" })
    }

    @Test(arguments: SignatureAlgorithm.allCases)
    func `a signed task runs, and its result is signed by the node`(algorithm: SignatureAlgorithm) async throws {
        let sealing = Sealing(.make(algorithm))
        try await withAgent {
            $0.requiresSignatures = true
            $0.trustedSigners = ["\(sealing.publicKey) anna"]
        } _: { coordinator, _ in
            await coordinator.wait { !$0.heartbeats.isEmpty }
            let spec = try sealing.seal(Sealing.script("echo out; echo err >&2; exit 4"))
            coordinator.send([Sealing.start(1, spec)])

            let outcome = try #require(await coordinator.outcome(Sealing.ref(1)))
            #expect(outcome.exitCode == 4)
            let attestation = try #require(ResultStatement.open(outcome.attestation))
            let statement = attestation.statement
            #expect(statement.ref == Sealing.ref(1))
            #expect(statement.node.text == "bench" && statement.cluster == "TEST")
            #expect(statement.end == .failed && statement.exitCode == 4 && statement.signal == nil)
            #expect(statement.stdout == StreamDigest(bytes: 4, sha256: SHA256Digest.of(Array("out\n".utf8))))
            #expect(statement.stderr == StreamDigest(bytes: 4, sha256: SHA256Digest.of(Array("err\n".utf8))))
            #expect(statement.specDigest == SHA256Digest.of(spec.canonicalBytes))
            #expect(statement.envelopeDigest == SHA256Digest.of(spec.envelope))
        }
    }

    @Test func `a signed echo is signed for too`() async throws {
        try await withStrictAgent { coordinator, _ in
            coordinator.send([Sealing.start(1, try sealing.seal(TaskSpec(payload: .echo("hi"))))])
            let outcome = try #require(await coordinator.outcome(Sealing.ref(1)))
            #expect(outcome.inlineOutput?.stdout == Array("hi".utf8))
            #expect(ResultStatement.open(outcome.attestation)?.statement.stdout.bytes == 2)
        }
    }

    @Test func `each lie is refused by its own name, and nothing runs`() async throws {
        let stranger = Sealing()
        try await withStrictAgent { coordinator, settings in
            var (elsewhere, abroad, late, forLong) = (sealing, sealing, sealing, sealing)
            elsewhere.node = NodeName("other")
            abroad.cluster = "STUDIO"
            late.issuedSecondsAgo = 120
            forLong.lifetimeSeconds = 8 * 86_400
            let proof = settings.folder + "/it-ran"
            let spec = Sealing.script("touch \(proof)")
            let good = try sealing.seal(spec)
            var tampered = good
            tampered.payload = Sealing.script("touch \(proof); true").payload
            var reniced = good
            reniced.priority = 100
            var forged = good
            forged.envelope[forged.envelope.count - 1] ^= 1
            var rubbish = spec
            rubbish.envelope = [1, 2, 3]
            var swapped = spec
            swapped.envelope = try sealing.seal(Sealing.script("true")).envelope
            let lies: [(TaskSpec, String)] = [
                (spec, "NOT_SIGNED"), (rubbish, "BAD_ENVELOPE"), (try stranger.seal(spec), "UNKNOWN_SIGNER"),
                (forged, "BAD_SIGNATURE"), (try elsewhere.seal(spec), "WRONG_AUDIENCE"),
                (try abroad.seal(spec), "WRONG_AUDIENCE"), (try late.seal(spec), "ENVELOPE_EXPIRED"),
                (try forLong.seal(spec), "LIVES_TOO_LONG"), (tampered, "TASK_CHANGED"), (reniced, "TASK_CHANGED"),
                (swapped, "TASK_CHANGED"),
            ]
            coordinator.send(lies.enumerated().map { Sealing.start(UInt64($0.offset + 1), $0.element.0) })
            for (index, (_, reason)) in lies.enumerated() {
                #expect(await refusal(coordinator, UInt64(index + 1)) == reason)
            }
            #expect(Folders.read(proof) == nil, "one of them ran")
        }
    }

    @Test func `an envelope is good for one task, whose attempts come in order`() async throws {
        try await withStrictAgent { coordinator, _ in
            let spec = try sealing.seal(TaskSpec(payload: .echo("once")))
            for (task, epoch, expected) in [
                (5, 1, nil), (6, 1, "REPLAYED"), (5, 3, nil), (5, 2, "OUT_OF_ORDER"), (5, 4, nil),
            ] as [(UInt64, UInt32, String?)] {
                coordinator.send([Sealing.start(task, epoch, spec)])
                #expect(await refusal(coordinator, task, epoch) == expected, "task \(task), attempt \(epoch)")
            }
        }
    }

    @Test func `an order that comes twice is answered twice and runs once, until it is forgotten`() async throws {
        try await withStrictAgent { coordinator, settings in
            let counter = settings.folder + "/count"
            let order = Sealing.start(1, try sealing.seal(Sealing.script("echo x >> \(counter)")))
            coordinator.send([order, order])
            await coordinator.wait { $0.finished.contains(Sealing.ref(1)) }
            coordinator.send([order])
            await coordinator.wait { $0.reports.count(where: { $0.ref == Sealing.ref(1) }) >= 2 }
            #expect(Folders.readText(counter) == "x\n")

            // Once it is forgotten it is a replay, even of the very attempt.
            coordinator.send([.forget(Sealing.ref(1)), order])
            await coordinator.wait {
                $0.reports.contains {
                    if case .finished(_, let outcome) = $0 { outcome.end == .refused } else { false }
                }
            }
            #expect(Folders.readText(counter) == "x\n")
        }
    }

    @Test func `a node trusts whom its own file names, from the moment it does`() async throws {
        let folder = FileManager.default.temporaryDirectory.path + "/noizylab-trust-\(UUID().uuidString)"
        try PrivateFile.makeFolder(folder)
        defer { Folders.remove(folder) }
        let file = "\(folder)/trusted_signers"
        try await withAgent {
            $0.requiresSignatures = true
            $0.trustedSignersFile = file
        } _: { coordinator, _ in
            await coordinator.wait { !$0.heartbeats.isEmpty }
            func run(_ task: UInt64) async throws -> String? {
                coordinator.send([Sealing.start(task, try sealing.seal(TaskSpec(payload: .echo("x"))))])
                return await refusal(coordinator, task)
            }
            #expect(try await run(1) == "UNKNOWN_SIGNER")
            try PrivateFile.write("\(sealing.publicKey) anna\n", to: file)
            #expect(try await run(2) == nil)
            try PrivateFile.write("rubbish\n", to: file)
            #expect(try await run(3) == "UNKNOWN_SIGNER", "a list that cannot be read trusts nobody")
            try PrivateFile.write("# nobody\n", to: file)
            #expect(try await run(4) == "UNKNOWN_SIGNER")
        }
    }

    @Test func `a node that requires nothing runs unsigned tasks, and checks those of signers it knows`() async throws {
        let trusted = sealing.publicKey
        try await withAgent {
            $0.trustedSigners = [trusted]
        } _: { coordinator, _ in
            await coordinator.wait { !$0.heartbeats.isEmpty }
            var tampered = try sealing.seal(TaskSpec(payload: .echo("x")))
            tampered.payload = .echo("y")
            coordinator.send([Sealing.start(1, TaskSpec(payload: .echo("x"))), Sealing.start(2, tampered)])
            #expect(await refusal(coordinator, 1) == nil)
            #expect(await coordinator.outcome(Sealing.ref(1))?.attestation == [])
            #expect(await refusal(coordinator, 2) == "TASK_CHANGED")
        }
    }
}
