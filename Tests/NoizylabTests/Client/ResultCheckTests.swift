import Foundation
import GridIdentity
import GridModel
import GridWire
import NoizyClient
import SwiftProtobuf
import Testing

/// A task as a coordinator shows it, with a node's word on it; then whatever a lying coordinator could change.
struct ResultCheckTests {
    private struct World {
        let authority: CertificateAuthority
        let signers: TrustedSigners
        var info: Noizylab_Grid_TaskInfo
        let output: ResultCheck.Output

        func check(output: ResultCheck.Output? = nil) async -> ResultCheck {
            await ResultCheck.of(
                info, output: output ?? self.output, authorities: authority.trust.pem, signers: signers)
        }
    }

    private func withWorld(_ body: (World) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.path + "/noizylab-result-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let authority = try CertificateAuthority.loadOrCreate(folder: "\(folder)/ca", cluster: "LAB", now: Date())
        let node = try NodeSigner(
            authority.issueFiles(
                for: try #require(PeerIdentity(cluster: "LAB", role: .agent, name: "HP-OMEN")), into: "\(folder)/node",
                now: Date()))
        let key = SignerKey.make(.ed25519)
        var signers = TrustedSigners()
        try signers.add(TrustedSigners.Signer(key: key.publicKey, name: "anna"))
        var request = TaskRequest.command("echo", "out")
        request.node = "HP-OMEN"
        request = try TaskSigner(key, cluster: "LAB").sign(request)
        let spec = try request.message.model()
        let output = ResultCheck.Output(stdout: Array("out\n".utf8), stderr: [])
        let statement = ResultStatement(
            cluster: "LAB", node: NodeName(checked: "HP-OMEN"), ref: AttemptRef(task: TaskID(number: 7), epoch: 2),
            specDigest: SHA256Digest.of(spec.canonicalBytes), envelopeDigest: SHA256Digest.of(spec.envelope),
            end: .succeeded, exitCode: 0, signal: nil,
            stdout: StreamDigest(bytes: 4, sha256: SHA256Digest.of(output.stdout)),
            stderr: StreamDigest(bytes: 0, sha256: SHA256Digest.of([])),
            finishedAt: Timestamp(microseconds: Int64(Date().timeIntervalSince1970 * 1_000_000)))
        let bytes = statement.bytes
        let attestation = bytes + (try node.signature(for: bytes)) + node.certificate
        let info = Noizylab_Grid_TaskInfo.with {
            $0.id = TaskID(number: 7).description
            $0.spec = request.message
            $0.attempts = [
                .with {
                    $0.epoch = 2
                    $0.node = "HP-OMEN"
                    $0.outcome = .with {
                        $0.end = "succeeded"
                        $0.exitCode = 0
                        $0.attestation = Data(attestation)
                    }
                }
            ]
        }
        try await body(World(authority: authority, signers: signers, info: info, output: output))
    }

    @Test func `what is true is verified`() async throws {
        try await withWorld { world in
            let check = await world.check()
            #expect(check.isVerified && check.findings.allSatisfy { $0.isGood == true }, "\(check.findings)")
        }
    }

    private static let lies: [(String, @Sendable (inout Noizylab_Grid_TaskInfo) -> Void)] = [
        ("another exit code", { $0.attempts[0].outcome.exitCode = 1 }),
        ("another end", { $0.attempts[0].outcome.end = "failed" }),
        ("a signal", { $0.attempts[0].outcome.signal = 9 }),
        ("another node", { $0.attempts[0].node = "Mac-Pro" }),
        ("another attempt", { $0.attempts[0].epoch = 1 }),
        ("another task", { $0.id = TaskID(number: 8).description }),
        ("another command", { $0.spec.command.arguments = ["echo", "other"] }),
        ("another priority", { $0.spec.priority = 5 }),
        ("no envelope", { $0.spec.envelope = Data() }),
        ("another envelope", { $0.spec.envelope[30] ^= 1 }),
        ("no word of the node", { $0.attempts[0].outcome.attestation = Data() }),
        ("a word that was cut", { $0.attempts[0].outcome.attestation.removeLast(700) }),
        ("another word", { $0.attempts[0].outcome.attestation[60] ^= 1 }),
        ("no attempt", { $0.attempts = [] }),
    ]

    @Test(arguments: lies.indices)
    func `a lie is not verified`(index: Int) async throws {
        try await withWorld { world in
            var world = world
            Self.lies[index].1(&world.info)
            let check = await world.check()
            #expect(!check.isVerified, "\(Self.lies[index].0): \(check.findings)")
            #expect(check.findings.contains { $0.isGood == false })
        }
    }

    @Test func `another output is not verified, and one that is not whole is no lie`() async throws {
        try await withWorld { world in
            let other = await world.check(output: .init(stdout: Array("out".utf8), stderr: []))
            #expect(!other.isVerified)
            let cut = await ResultCheck.of(
                world.info, output: nil, authorities: world.authority.trust.pem, signers: TrustedSigners())
            #expect(cut.isVerified)
            #expect(cut.findings.count { $0.isGood == nil } == 3, "stdout, stderr and the signer: \(cut.findings)")
        }
    }

    @Test func `every byte of a node's word counts`() async throws {
        try await withWorld { world in
            let whole = world.info.attempts[0].outcome.attestation
            for place in stride(from: 0, to: whole.count, by: 7) {
                var changed = world
                changed.info.attempts[0].outcome.attestation[place] ^= 0x10
                #expect(await !changed.check().isVerified, "byte \(place) of \(whole.count)")
            }
        }
    }

    @Test func `a signer's request keeps its key, and gets one when it has none`() throws {
        let signer = TaskSigner(SignerKey.make(.p256), cluster: "LAB")
        var named = TaskRequest.echo("x")
        named.key = "mine"
        #expect(try signer.sign(named).key == "mine")
        let (first, second) = (try signer.sign(.echo("x")), try signer.sign(.echo("x")))
        #expect(first.key.hasPrefix("signed-") && first.key != second.key)
        #expect(violations(of: try first.message.model(), key: first.key).isEmpty)
        #expect(!violations(of: try first.message.model(), key: "another").isEmpty)
        #expect(throws: GridError.self) { try signer.sign(named, lifetime: .seconds(8 * 86_400)) }
        #expect(throws: GridError.self) { try signer.sign(named, lifetime: .zero) }
    }
}
