import Coordinator
import Foundation
import GRPCCore
import GRPCNIOTransportHTTP2Posix
import GRPCProtobuf
import GridIdentity
import GridTransport
import GridWire
import SwiftProtobuf
import TestSupport
import Testing

/// Every method of every service over real sockets, on both listeners, as everybody who might come.
@Suite(.timeLimit(.minutes(3))) struct DoorTests {
    /// What the door says to one empty request; nil when it lets it in, whatever the method then says of it.
    private static func denial(
        _ client: GridWorld.Client, _ method: String
    ) async -> RPCError.Code? {
        let slash = method.lastIndex(of: "/")!
        let descriptor = MethodDescriptor(
            fullyQualifiedService: String(method[..<slash]), method: String(method[method.index(after: slash)...]))
        var options = CallOptions.defaults
        options.timeout = .seconds(10)
        do {
            return try await client.bidirectionalStreaming(
                request: StreamingClientRequest(of: Google_Protobuf_Empty.self) { writer in
                    try await writer.write(Google_Protobuf_Empty())
                },
                descriptor: descriptor, serializer: ProtobufSerializer<Google_Protobuf_Empty>(),
                deserializer: ProtobufDeserializer<Google_Protobuf_Empty>(), options: options
            ) { response -> RPCError.Code? in
                do {
                    // One answer is enough: some go on for ever.
                    for try await _ in response.messages { break }
                    return nil
                } catch let error as RPCError {
                    return Self.code(error)
                }
            }
        } catch let error as RPCError {
            return Self.code(error)
        } catch {
            return .unknown
        }
    }

    /// What a method says of an empty request is not the door's word.
    private static func code(_ error: RPCError) -> RPCError.Code? {
        switch error.code {
        case .invalidArgument, .notFound, .failedPrecondition, .cancelled: nil
        default: error.code
        }
    }

    private static let all = Set(DescriptorCatalog.embedded.methods.values.flatMap { $0 })

    private static func isServed(_ method: String, on services: [String]) -> Bool {
        services.contains { method.hasPrefix($0 + "/") }
    }

    @Test(arguments: PeerRole.allCases)
    func `each role reaches what it may on the mutual listener, and nothing else`(role: PeerRole) async throws {
        try await withTemporaryFolder { folder in
            try await GridWorld.run(in: folder) { world in
                try await world.connected(as: role, "somebody") { client in
                    #expect(Self.all.count >= 31)
                    for method in Self.all {
                        let expected: RPCError.Code? =
                            !Self.isServed(method, on: ServedServices.mutual)
                            ? .unimplemented : GatewayTests.isAllowed(method, role) ? nil : .permissionDenied
                        #expect(await Self.denial(client, method) == expected, "\(method) as \(role.rawValue)")
                    }
                }
            }
        }
    }

    @Test func `a stranger reaches the open doors on the edge, and nothing else`() async throws {
        try await withTemporaryFolder { folder in
            try await GridWorld.run(in: folder) { world in
                let transport = try Transports.joinClient(
                    host: "127.0.0.1", port: world.edgePort, authorityKeyHash: world.identities.authority.keyHash,
                    loops: world.loops)
                try await withGRPCClient(transport: transport) { client in
                    for method in Self.all {
                        let expected: RPCError.Code? =
                            !Self.isServed(method, on: ServedServices.edge)
                            ? .unimplemented : GatewayTests.open.contains(method) ? nil : .unauthenticated
                        #expect(await Self.denial(client, method) == expected, "\(method)")
                    }
                }
            }
        }
    }

    enum Visitor: String, CaseIterable, Sendable {
        case withoutCertificate, ofAnotherAuthority, expired
    }

    @Test(arguments: Visitor.allCases)
    func `nobody unproven reaches any method of the mutual listener`(visitor: Visitor) async throws {
        try await withTemporaryFolder { folder in
            try await GridWorld.run(in: folder) { world in
                let transport = try Self.transport(visitor, world, folder)
                try await withGRPCClient(transport: transport) { client in
                    for method in Self.all where Self.isServed(method, on: ServedServices.mutual) {
                        let code = await Self.denial(client, method)
                        #expect(code == .unavailable || code == .unauthenticated, "\(method) as \(visitor)")
                    }
                }
            }
        }
    }

    private static func transport(
        _ visitor: Visitor, _ world: GridWorld, _ folder: String
    ) throws -> HTTP2ClientTransport.Posix {
        let identity = PeerIdentity(cluster: GridWorld.cluster, role: .operator, name: "eve")!
        let authority = world.identities.authority
        let files: CertificateFiles
        switch visitor {
        case .withoutCertificate:
            return try Transports.joinClient(
                host: "127.0.0.1", port: world.port, authorityKeyHash: authority.keyHash, loops: world.loops)
        case .ofAnotherAuthority:
            let own = try CertificateAuthority.loadOrCreate(
                folder: folder + "/other-ca", cluster: GridWorld.cluster, now: Date()
            ).issueFiles(for: identity, into: folder + "/eve", now: Date())
            let right = try world.credentials(.viewer, "right")
            // It trusts the right authority, so that only the server has a reason to refuse.
            files = CertificateFiles(authority: right.authority, certificate: own.certificate, key: own.key)
        case .expired:
            files = try authority.issueFiles(
                for: identity, into: folder + "/eve", now: Date().addingTimeInterval(-3 * 86_400),
                lifetimeSeconds: 86_400)
        }
        return try Transports.client(
            host: "127.0.0.1", port: world.port, credentials: files, cluster: GridWorld.cluster, loops: world.loops)
    }

    @Test(arguments: PeerRole.allCases)
    func `a revoked certificate reaches no method, on a connection that was open before`(role: PeerRole) async throws {
        try await withTemporaryFolder { folder in
            try await GridWorld.run(in: folder) { world in
                let key = try SigningKey.load(try world.credentials(role, "mallory").key).publicKeyHash
                try await world.connected(as: role, "mallory") { client in
                    #expect(await Self.denial(client, "grpc.health.v1.Health/Check") == nil)
                    world.gateway.revoke(keyHash: key)
                    for method in Self.all where Self.isServed(method, on: ServedServices.mutual) {
                        #expect(await Self.denial(client, method) == .unauthenticated, "\(method)")
                    }
                }
            }
        }
    }

    @Test func `a revocation ends open streams within a second, and those of nobody else`() async throws {
        try await withTemporaryFolder { folder in
            try await GridWorld.run(in: folder) { world in
                try await world.withAgents(["HP-OMEN", "Mac-Pro"]) {
                    try await world.connected { client in
                        _ = try await Noizylab_Grid_Admin.Client(wrapping: client).setSchedulability(
                            .with {
                                $0.node = OpenStream.closedNode
                                $0.schedulability = "cordoned"
                            })
                    }
                    let task = try await world.connected(as: .operator, "mallory") { try await OpenStream.task($0) }
                    // A call's answer comes a moment before it is no longer open.
                    let links = 2
                    try await eventually("the links alone are open") { world.gateway.openCalls.count == links }
                    try await withThrowingTaskGroup(of: RPCError?.self) { group in
                        for stream in OpenStream.allCases {
                            group.addTask {
                                try await world.connected(as: .operator, "mallory") { await stream.stay($0, task) }
                            }
                        }
                        try await eventually("every stream is open") {
                            world.gateway.openCalls.count >= links + OpenStream.allCases.count
                        }
                        let key = try SigningKey.load(try world.credentials(.operator, "mallory").key).publicKeyHash
                        let begun = ContinuousClock.now

                        let ended = world.gateway.revoke(keyHash: key)

                        #expect(ended == OpenStream.allCases.count)
                        for try await error in group { #expect(error?.code == .unauthenticated) }
                        // Within a second where nothing else runs; a hundred tests run beside this one.
                        #expect(ContinuousClock.now - begun < .seconds(10))
                    }
                    // The agents' links are still there.
                    try await world.waitUntilOnline(["HP-OMEN", "Mac-Pro"])
                    #expect(world.gateway.openCalls.count == links)
                }
            }
        }
    }
}

/// Calls that stay open, each in its own way.
enum OpenStream: String, CaseIterable, Sendable {
    case events, runTasks, watch, executeTask, syncAgentState, healthWatch

    /// A node that takes nothing, so that what is meant for it waits.
    static let closedNode = "Mac-Pro"

    /// One that waits.
    static func task(_ client: GridWorld.Client) async throws -> String {
        try await Noizylab_Grid_Tasks.Client(wrapping: client).submit(.with { $0.spec = waiting }).task.id
    }

    /// Opens it and stays, `watch` with the task. Returns how it ended.
    func stay(_ client: GridWorld.Client, _ task: String) async -> RPCError? {
        do {
            switch self {
            case .events:
                try await Noizylab_Grid_Admin.Client(wrapping: client).events(.with { $0.follow = true }) {
                    for try await _ in $0.messages {}
                }
            case .runTasks:
                try await Noizylab_Grid_Tasks.Client(wrapping: client).runTasks { writer in
                    try await writer.write(.with { $0.submissions = [.with { $0.spec = Self.waiting }] })
                    try await Task.sleep(for: .seconds(50))
                } onResponse: {
                    for try await _ in $0.messages {}
                }
            case .watch:
                let tasks = Noizylab_Grid_Tasks.Client(wrapping: client)
                try await tasks.watch(.with { $0.task = task }) { for try await _ in $0.messages {} }
            case .executeTask:
                _ = try await Noizylab_Grid_NoizyGridRPC.Client(wrapping: client).executeTask(
                    .with {
                        $0.taskType = "echo"
                        $0.metadata = ["node": Self.closedNode]
                    })
            case .syncAgentState:
                try await Noizylab_Grid_NoizyGridRPC.Client(wrapping: client).syncAgentState { writer in
                    try await writer.write(.with { $0.agentID = "mallory" })
                    try await Task.sleep(for: .seconds(50))
                } onResponse: {
                    for try await _ in $0.messages {}
                }
            case .healthWatch:
                try await Grpc_Health_V1_Health.Client(wrapping: client).watch(.init()) {
                    for try await _ in $0.messages {}
                }
            }
            return nil
        } catch {
            return error as? RPCError
        }
    }

    private static var waiting: Noizylab_Grid_TaskSpec {
        .with {
            $0.echo.text = "x"
            $0.node = closedNode
        }
    }
}
