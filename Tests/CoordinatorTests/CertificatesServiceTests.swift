import Coordinator
import Foundation
import GRPCCore
import GRPCProtobuf
import GridIdentity
import GridModel
import GridTransport
import GridWire
import SwiftProtobuf
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1)))
struct CertificatesServiceTests {
    private typealias Certificates = Noizylab_Grid_Certificates.Client

    @Test func `a holder gets another certificate for its own key, and for no other`() async throws {
        try await withTemporaryFolder { folder in
            try await GridWorld.run(in: folder) { world in
                let files = try world.credentials(.agent, "HP-OMEN")
                let key = try SigningKey.load(files.key)
                try await world.connected(as: .agent, "HP-OMEN") { client in
                    let certificates = Certificates(wrapping: client)
                    let own = try key.signingRequest()
                    let renewed = try await certificates.renew(.with { $0.signingRequest = own })
                    let facts = try CertificateFacts(pem: renewed.certificate)
                    #expect(facts.identity.uri == "spiffe://\(GridWorld.cluster)/agent/HP-OMEN")
                    #expect(facts.keyHash == key.publicKeyHash)
                    #expect(try facts.serial != files.facts().serial)
                    let trust = try TrustSet(pem: renewed.trust.authorities)
                    #expect(trust.pins == renewed.trust.pins.map { Array($0) })
                    #expect(trust == world.identities.authority.trust)

                    let other = try SigningKey.make().signingRequest()
                    await expectCode(.alreadyExists) {
                        try await certificates.renew(.with { $0.signingRequest = other })
                    }
                    await expectCode(.invalidArgument) {
                        try await certificates.renew(.with { $0.signingRequest = "-----BEGIN" })
                    }
                }
                try await world.connected(as: .submitter, "bob") { client in
                    let other = try SigningKey.make().signingRequest()
                    await expectCode(.invalidArgument) {
                        try await Certificates(wrapping: client).renew(.with { $0.signingRequest = other })
                    }
                }
            }
        }
    }

    @Test func `the list says who, until when, and what was replaced`() async throws {
        try await withTemporaryFolder { folder in
            try await GridWorld.run(in: folder) { world in
                let key = try SigningKey.load(world.credentials(.agent, "HP-OMEN").key).signingRequest()
                try await world.connected(as: .agent, "HP-OMEN") { client in
                    _ = try await Certificates(wrapping: client).renew(.with { $0.signingRequest = key })
                }
                try await world.connected { client in
                    let certificates = Certificates(wrapping: client)
                    let shown = try await certificates.listCertificates(.init())
                    let node = try #require(shown.certificates.first { $0.name == "HP-OMEN" })
                    #expect(node.role == "agent")
                    #expect(node.state == "valid")
                    #expect(node.issuedBy == "renewal")
                    #expect(node.authority == "current")
                    let secondsLeft: Int64 = (node.notAfterUs - shown.nowUs) / 1_000_000
                    let days: ClosedRange<Int64> = 2_505_600...2_592_000
                    #expect(days.contains(secondsLeft))
                    #expect(shown.certificates.contains { $0.role == "coordinator" })
                    #expect(shown.authority.generation == 1)
                    #expect(shown.authority.phase == "steady")
                    #expect(shown.authority.trust.pins.count == 2)

                    let all = try await certificates.listCertificates(.with { $0.all = true }).certificates
                    #expect(all.filter { $0.name == "HP-OMEN" }.map(\.state) == ["valid", "replaced"])
                }
                try await world.connected(as: .submitter, "bob") { client in
                    await expectCode(.permissionDenied) {
                        try await Certificates(wrapping: client).listCertificates(.init())
                    }
                }
            }
        }
    }

    @Test func `a revoked key is out when the answer comes, on calls that are open too, and stays out`() async throws {
        try await withTemporaryFolder { folder in
            try await GridWorld.run(in: folder) { world in
                try await world.connected(as: .submitter, "mallory") { mallory in
                    let tasks = Noizylab_Grid_Tasks.Client(wrapping: mallory)
                    // A call that stays open: it waits for a result that does not come.
                    async let open: RPCError? = {
                        do {
                            try await tasks.runTasks(
                                requestProducer: { writer in
                                    try await writer.write(
                                        .with { $0.submissions = [.with { $0.spec.echo.text = "x" }] })
                                    try await Task.sleep(for: .seconds(30))
                                }, onResponse: { for try await _ in $0.messages {} })
                            return nil
                        } catch { return error as? RPCError }
                    }()
                    try await eventually("its task is there") { try await !tasks.list(.init()).tasks.isEmpty }

                    let answered = try await world.connected { client in
                        let revoked = try await Certificates(wrapping: client).revoke(
                            .with {
                                $0.subject = "mallory"
                                $0.reason = "stolen"
                            })
                        #expect(revoked.certificates.map(\.state) == ["revoked"])
                        #expect(revoked.connectionsEnded == 1)
                        return ContinuousClock.now
                    }
                    let error = await open
                    // Within a second where nothing else runs; a hundred tests run beside this one.
                    #expect(ContinuousClock.now - answered < .seconds(10))
                    #expect(error?.code == .unauthenticated, "\(String(describing: error))")
                    #expect(error?.message.contains("revoked") == true)
                    await #expect(throws: RPCError.self) { try await tasks.list(.init()) }
                }
                // A new certificate of the same key changes nothing.
                _ = try? await world.connected(as: .submitter, "mallory") { client in
                    let answer = try await Noizylab_Grid_Tasks.Client(wrapping: client).list(.init())
                    Issue.record("answered \(answer)")
                }
            }
            // Nor does a restart.
            try await GridWorld.run(in: folder) { world in
                _ = try? await world.connected(as: .submitter, "mallory") { client in
                    let answer = try await Noizylab_Grid_Tasks.Client(wrapping: client).list(.init())
                    Issue.record("answered \(answer)")
                }
                try await world.connected { client in
                    let all = try await Certificates(wrapping: client).listCertificates(.with { $0.all = true })
                    let one = try #require(all.certificates.first { $0.name == "mallory" })
                    #expect(one.state == "revoked")
                    #expect(one.revokedBy == "ann")
                    #expect(one.reason == "stolen")
                }
            }
        }
    }

    @Test func `one's own key, the coordinator's, a stranger's and an ambiguous name are not revoked`() async throws {
        try await withTemporaryFolder { folder in
            try await GridWorld.run(in: folder) { world in
                for role in [PeerRole.submitter, .viewer] {
                    try await world.connected(as: role, "twice") { client in
                        _ = try await Noizylab_Grid_Tasks.Client(wrapping: client).list(.init())
                    }
                }
                try await world.connected { client in
                    let certificates = Certificates(wrapping: client)
                    func revoke(_ subject: String, _ role: String = "") async throws {
                        _ = try await certificates.revoke(
                            .with {
                                $0.subject = subject
                                $0.role = role
                            })
                    }
                    await expectCode(.failedPrecondition) { try await revoke("ann") }
                    await expectCode(.failedPrecondition) { try await revoke("M2-Ultra") }
                    await expectCode(.notFound) { try await revoke("nobody") }
                    await expectCode(.notFound) { try await revoke("") }
                    await expectCode(.failedPrecondition) { try await revoke("twice") }
                    try await revoke("twice", "viewer")
                    await expectCode(.notFound) { try await revoke("twice", "viewer") }
                    let serial = try #require(
                        try await certificates.listCertificates(.init()).certificates.first { $0.name == "twice" }?
                            .serial)
                    try await revoke(String(serial.prefix(10)))
                }
            }
        }
    }

    @Test func `a revoked node's link ends, and its name is free for another key`() async throws {
        try await withTemporaryFolder { folder in
            try await GridWorld.run(in: folder) { world in
                try await world.withAgents(["HP-OMEN"]) {
                    try await world.connected { client in
                        let admin = Noizylab_Grid_Admin.Client(wrapping: client)
                        let token = try await admin.createToken(.init()).token
                        await expectCode(.alreadyExists) { try await world.join(token: token, name: "HP-OMEN") }

                        _ = try await Certificates(wrapping: client).revoke(
                            .with {
                                $0.subject = "HP-OMEN"
                                $0.role = "agent"
                            })
                        try await eventually("the node is cut off") {
                            try await !admin.listNodes(.init()).nodes.contains { $0.state == "online" }
                        }
                        let joined = try await world.join(token: token, name: "HP-OMEN")
                        #expect(!joined.certificate.isEmpty)
                        try await world.hasEvent("node_key_refused", of: "HP-OMEN", client)
                        try await world.hasEvent("certificate_revoked", of: "HP-OMEN", client)
                    }
                }
            }
        }
    }

    @Test func `a certificate of this very authority with another key cannot take a node's name`() async throws {
        try await withTemporaryFolder { folder in
            try await GridWorld.run(in: folder) { world in
                try await world.withAgents(["HP-OMEN"]) {
                    let identity = PeerIdentity(cluster: GridWorld.cluster, role: .agent, name: "HP-OMEN")!
                    let forged = try world.identities.authority.issueFiles(
                        for: identity, into: folder + "/forged", now: Date())
                    let transport = try Transports.client(
                        host: "127.0.0.1", port: world.port, credentials: forged, cluster: GridWorld.cluster,
                        loops: world.loops)
                    await #expect(throws: RPCError.self) {
                        try await withGRPCClient(transport: transport) { client in
                            _ = try await Noizylab_Grid_NoizyGridRPC.Client(wrapping: client).healthCheck(.init())
                        }
                    }
                    try await world.connected { client in
                        try await world.hasEvent("node_key_refused", of: "HP-OMEN", client)
                        let nodes = try await Noizylab_Grid_Admin.Client(wrapping: client).listNodes(.init()).nodes
                        #expect(nodes.map(\.state) == ["online"], "the node itself goes on")
                    }
                }
            }
        }
    }
}

extension GridWorld {
    /// Everything in the log.
    /// Returns once there is such an event: it may come a moment after the answer.
    func hasEvent(_ kind: String, of node: String, _ client: Client) async throws {
        let request = Noizylab_Grid_EventsRequest.with {
            $0.from = 1
            $0.follow = true
        }
        try await Noizylab_Grid_Admin.Client(wrapping: client).events(request) { response in
            for try await message in response.messages
            where message.events.contains(where: { $0.kind == kind && $0.node == node }) { return }
        }
    }
}
