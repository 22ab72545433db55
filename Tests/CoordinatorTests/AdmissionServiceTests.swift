import Coordinator
import Foundation
import GRPCCore
import GRPCNIOTransportHTTP2Posix
import GridIdentity
import GridLogic
import GridModel
import GridTransport
import GridWire
import SwiftProtobuf
import TestSupport
import Testing

/// Coming in under an operator's eyes, and coming back by one's key.
@Suite(.timeLimit(.minutes(1)))
struct AdmissionServiceTests {
    private typealias Admission = Noizylab_Grid_Admission.Client<HTTP2ClientTransport.Posix>
    private typealias Certificates = Noizylab_Grid_Certificates.Client

    private func onEdge<Value: Sendable>(
        _ world: GridWorld, _ body: @escaping @Sendable (Admission) async throws -> Value
    ) async throws -> Value {
        let transport = try Transports.edgeClient(
            host: "127.0.0.1", port: world.edgePort, anchor: .authorities(world.identities.authority.trust),
            cluster: GridWorld.cluster, loops: world.loops)
        return try await withGRPCClient(transport: transport) { try await body(Admission(wrapping: $0)) }
    }

    private func token(_ world: GridWorld, confirm: Bool) async throws -> String {
        try await world.connected { client in
            try await Noizylab_Grid_Admin.Client(wrapping: client)
                .createToken(.with { $0.needsConfirmation = confirm }).token
        }
    }

    /// Waits until a machine waits, and decides about it.
    private func decide(
        _ world: GridWorld, approve: Bool, fingerprint: @escaping @Sendable (String) -> String = { $0 }
    ) async throws -> RPCError.Code? {
        try await world.connected { client in
            let certificates = Certificates(wrapping: client)
            let waiting = try await eventuallySome("somebody waits") {
                try await certificates.listEnrolments(.init()).enrolments.first
            }
            do {
                _ = try await certificates.decideEnrolment(
                    .with {
                        $0.name = waiting.name
                        $0.approve = approve
                        $0.fingerprint = fingerprint(waiting.fingerprint)
                    })
                return nil
            } catch { return (error as? RPCError)?.code }
        }
    }

    private func join(
        _ world: GridWorld, _ token: String, _ key: SigningKey, name: String = "Studio-4"
    ) async throws -> (fingerprint: String, certificate: String) {
        let request = try Noizylab_Grid_JoinConfirmedRequest.with {
            $0.token = token
            $0.name = name
            $0.signingRequest = try key.signingRequest()
        }
        return try await onEdge(world) { admission in
            try await admission.joinConfirmed(request) { response in
                var answer = ("", "")
                for try await update in response.messages {
                    if case .waiting(let waiting) = update.update { answer.0 = waiting.fingerprint }
                    if case .joined(let joined) = update.update { answer.1 = joined.certificate }
                }
                return answer
            }
        }
    }

    @Test func `a token that demands it lets a machine in only when both screens show the same`() async throws {
        try await withTemporaryFolder { folder in
            try await GridWorld.run(in: folder) { world in
                let token = try await token(world, confirm: true)
                let key = SigningKey.make()
                await expectCode(.permissionDenied) { try await world.join(token: token, name: "Studio-4") }

                async let joined = join(world, token, key)
                #expect(try await decide(world, approve: true) { _ in "aaaa-bbbb-cccc-dddd" } == .failedPrecondition)
                #expect(try await decide(world, approve: true) == nil)

                let answer = try await joined
                let expected = JoinFingerprint(
                    authorityKeyHash: world.identities.authority.keyHash, nodeKeyHash: key.publicKeyHash,
                    name: "Studio-4")
                #expect(answer.fingerprint == expected.text)
                #expect(try CertificateFacts(pem: answer.certificate).keyHash == key.publicKeyHash)
                await expectCode(.permissionDenied) { try await join(world, token, key) }
            }
        }
    }

    @Test func `no means no, and leaves the token unused`() async throws {
        try await withTemporaryFolder { folder in
            try await GridWorld.run(in: folder) { world in
                let token = try await token(world, confirm: false)
                let key = SigningKey.make()
                async let denied: Void = expectCode(.permissionDenied) { try await join(world, token, key) }
                #expect(try await decide(world, approve: false) == nil)
                await denied

                async let joined = join(world, token, key)
                #expect(try await decide(world, approve: true) == nil)
                #expect(try await !joined.certificate.isEmpty)
            }
        }
    }

    @Test func `a machine that goes away waits no more`() async throws {
        try await withTemporaryFolder { folder in
            try await GridWorld.run(in: folder) { world in
                let token = try await token(world, confirm: true)
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { _ = try? await join(world, token, SigningKey.make()) }
                    try await waitUntil(world, someWaits: true)
                    group.cancelAll()
                    try await waitUntil(world, someWaits: false)
                }
            }
        }
    }

    private func waitUntil(_ world: GridWorld, someWaits: Bool) async throws {
        try await world.connected { client in
            let certificates = Certificates(wrapping: client)
            try await eventually(someWaits ? "a machine waits" : "no machine waits") {
                try await certificates.listEnrolments(.init()).enrolments.isEmpty != someWaits
            }
        }
    }

    // MARK: coming back

    private func recover(
        _ world: GridWorld, _ key: SigningKey, name: String = "HP-OMEN", nonce given: [UInt8]? = nil
    ) async throws -> String {
        try await onEdge(world) { admission in
            let drawn = try await admission.challenge(.init()).nonce
            let nonce = given ?? Array(drawn)
            return try await admission.recover(Self.request(key, name, nonce)).certificate
        }
    }

    private static func request(
        _ key: SigningKey, _ name: String, _ nonce: [UInt8]
    ) throws -> Noizylab_Grid_RecoverRequest {
        let signingRequest = try key.signingRequest()
        let proof = try KeyProof.make(nonce: nonce, name: name, signingRequest: signingRequest, by: key)
        return .with {
            $0.name = name
            $0.nonce = Data(nonce)
            $0.signingRequest = signingRequest
            $0.signature = Data(proof.signature)
        }
    }

    /// Known to the grid because it was connected once.
    private func knownKey(_ world: GridWorld) async throws -> SigningKey {
        try await world.withAgents(["HP-OMEN"]) {}
        return try SigningKey.load(world.credentials(.agent, "HP-OMEN").key)
    }

    @Test func `a node comes back by its key, whatever became of its certificate`() async throws {
        try await withTemporaryFolder { folder in
            try await GridWorld.run(in: folder) { world in
                let key = try await knownKey(world)

                let facts = try CertificateFacts(pem: await recover(world, key))

                #expect(facts.keyHash == key.publicKeyHash)
                #expect(facts.identity.role == .agent)
                try await world.connected { client in
                    try await world.hasEvent("node_recovered", of: "HP-OMEN", client)
                }
            }
        }
    }

    @Test func `an answer that was heard cannot be given again`() async throws {
        try await withTemporaryFolder { folder in
            try await GridWorld.run(in: folder) { world in
                let key = try await knownKey(world)
                try await onEdge(world) { admission in
                    let request = try Self.request(key, "HP-OMEN", Array(try await admission.challenge(.init()).nonce))
                    #expect(try await !admission.recover(request).certificate.isEmpty)
                    await expectCode(.permissionDenied) { try await admission.recover(request) }
                    var late = request
                    late.nonce = try await admission.challenge(.init()).nonce
                    let replayed = late
                    await expectCode(.permissionDenied) { try await admission.recover(replayed) }
                }
                await expectCode(.permissionDenied) { try await recover(world, key, nonce: KeyProof.makeNonce()) }
            }
        }
    }

    @Test func `another key, another name and a revoked key do not come back`() async throws {
        try await withTemporaryFolder { folder in
            try await GridWorld.run(in: folder) { world in
                let key = try await knownKey(world)

                // A stranger does not hear which names there are.
                for name in ["HP-OMEN", "Nobody"] {
                    await expectCode(.permissionDenied) { try await recover(world, SigningKey.make(), name: name) }
                }
                await expectCode(.permissionDenied) { try await recover(world, key, name: "Mac-Pro") }
                await expectCode(.invalidArgument) { try await recover(world, key, name: "no name!") }
                try await world.connected { client in
                    _ = try await Certificates(wrapping: client).revoke(
                        .with {
                            $0.subject = "HP-OMEN"
                            $0.role = "agent"
                        })
                }
                await expectCode(.permissionDenied) { try await recover(world, key) }
            }
        }
    }

    /// The files of a node that was seen with a certificate of a second; another one when that was over too soon.
    private func shortLived(_ world: GridWorld, _ folder: String) async throws -> CertificateFiles {
        let identity = PeerIdentity(cluster: GridWorld.cluster, role: .agent, name: "HP-OMEN")!
        while true {
            let files = try world.identities.authority.issueFiles(
                for: identity, into: folder, now: Date(), lifetimeSeconds: 1)
            let transport = try Transports.client(
                host: "127.0.0.1", port: world.port, credentials: files, loops: world.loops)
            do {
                _ = try await withGRPCClient(transport: transport) { client in
                    try await Noizylab_Grid_NoizyGridRPC.Client(wrapping: client).healthCheck(.init())
                }
                return files
            } catch { #expect((error as? RPCError)?.code == .unavailable) }
        }
    }

    @Test func `after the time in which it may, a node does not come back`() async throws {
        try await withTemporaryFolder { folder in
            try await GridWorld.run(in: folder, settings: { $0.certificates.recovery = 1 }) { world in
                let files = try await shortLived(world, folder + "/short")
                let key = try SigningKey.load(files.key)
                let end = try files.facts().notAfter
                try await eventually("the time in which it may come back is over") {
                    Date() >= end.addingTimeInterval(1.1)
                }
                await expectCode(.permissionDenied) { try await recover(world, key) }
            }
        }
    }

    @Test func `very many wrong proofs are answered with a pause`() async throws {
        try await withTemporaryFolder { folder in
            // The limit for each caller would come first.
            let limits = BucketRate(perSecond: 1_000, burst: 1_000)
            try await GridWorld.run(in: folder, settings: { $0.limits.enrol = limits }) { world in
                let codes = await withTaskGroup(of: RPCError.Code?.self) { group in
                    for _ in 0..<40 {
                        group.addTask {
                            do {
                                _ = try await recover(world, SigningKey.make(), nonce: KeyProof.makeNonce())
                                return nil
                            } catch { return (error as? RPCError)?.code }
                        }
                    }
                    return await group.reduce(into: Set<RPCError.Code?>()) { $0.insert($1) }
                }
                #expect(codes.isSubset(of: [.permissionDenied, .resourceExhausted]))
                await expectCode(.resourceExhausted) { try await recover(world, SigningKey.make()) }
            }
        }
    }
}
