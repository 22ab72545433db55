import Coordinator
import Foundation
import GRPCCore
import GRPCNIOTransportHTTP2Posix
import GridIdentity
import GridModel
import GridTransport
import GridWire
import Logging
import ServiceLifecycle
import Synchronization
import TestSupport

/// A real coordinator on free loopback ports, and what is needed to speak to it as anybody.
struct GridWorld: Sendable {
    typealias Client = GRPCClient<HTTP2ClientTransport.Posix>

    let folder: String
    let port: Int
    let edgePort: Int
    let identities: LocalIdentities
    let loops: TransportLoops
    let gateway: Gateway

    static let cluster = "TESTGRID"

    static func settings(folder: String) -> CoordinatorSettings {
        var settings = CoordinatorSettings(
            node: NodeName(checked: "M2-Ultra"), folder: folder, version: "0.0-test")
        settings.cluster = cluster
        settings.listenHost = "127.0.0.1"
        settings.listenPort = 0
        settings.edgeHost = "127.0.0.1"
        settings.edgePort = 0
        settings.shutdownMilliseconds = 2_000
        return settings
    }

    /// Runs a coordinator for the length of `body`, then shuts it down gracefully.
    static func run<Value: Sendable>(
        in folder: String, settings change: @Sendable (inout CoordinatorSettings) -> Void = { _ in },
        _ body: @Sendable @escaping (GridWorld) async throws -> Value
    ) async throws -> Value {
        var settings = settings(folder: folder)
        change(&settings)
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let service = CoordinatorService(settings: settings, logger: logger)
        let ready = AsyncStream.makeStream(of: (Int, Int).self)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            let gateways = AsyncStream.makeStream(of: Gateway.self)
            let running = Running(service: service, ready: ready.continuation, gateways: gateways.continuation)
            let services = ServiceGroup(services: [running], logger: logger)
            group.addTask { try await services.run() }
            var ports = ready.stream.makeAsyncIterator()
            guard let (port, edge) = await ports.next() else { throw TestError("the coordinator never was ready") }
            var gateway = gateways.stream.makeAsyncIterator()
            guard let gateway = await gateway.next() else { throw TestError("the coordinator has no gateway") }
            let loops = TransportLoops(count: 1)
            let world = GridWorld(
                folder: folder, port: port, edgePort: edge,
                identities: try LocalIdentities(folder: folder, cluster: cluster), loops: loops, gateway: gateway)
            let result: Result<Value, any Error>
            do { result = .success(try await body(world)) } catch { result = .failure(error) }
            await services.triggerGracefulShutdown()
            try await group.waitForAll()
            try await loops.shutdown()
            return try result.get()
        }
    }

    func credentials(_ role: PeerRole, _ name: String) throws -> CertificateFiles {
        let identity = PeerIdentity(cluster: Self.cluster, role: role, name: name)!
        return try identities.authority.ensureFiles(
            for: identity, into: "\(folder)/clients/\(role.rawValue)-\(name)", now: Date())
    }

    /// A connection as somebody.
    func connected<Value: Sendable>(
        as role: PeerRole = .operator, _ name: String = "ann",
        _ body: @Sendable @escaping (Client) async throws -> Value
    ) async throws -> Value {
        let transport = try Transports.client(
            host: "127.0.0.1", port: port, credentials: try credentials(role, name), cluster: Self.cluster,
            loops: loops)
        return try await withGRPCClient(transport: transport) { try await body($0) }
    }

    /// The grid with scripted agents connected to it.
    func withAgents<Value: Sendable>(
        _ names: [String] = ["HP-OMEN"], _ script: ScriptedAgent.Script = .echo,
        _ body: @Sendable @escaping () async throws -> Value
    ) async throws -> Value {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for name in names {
                let agent = ScriptedAgent(name: name, script: script)
                group.addTask { try await agent.run(in: self) }
            }
            try await waitUntilOnline(names)
            let value = try await body()
            group.cancelAll()
            return value
        }
    }

    func waitUntilOnline(_ names: [String]) async throws {
        try await connected { client in
            let admin = Noizylab_Grid_Admin.Client(wrapping: client)
            try await eventually("\(names) are online") {
                let online = try await admin.listNodes(.init()).nodes.filter { $0.state == "online" }.map(\.name)
                return Set(names).isSubset(of: online)
            }
        }
    }
}

private struct Running: Service {
    let service: CoordinatorService
    let ready: AsyncStream<(Int, Int)>.Continuation
    let gateways: AsyncStream<Gateway>.Continuation

    func run() async throws {
        defer { ready.finish() }
        try await service.run(onGateway: { gateways.yield($0) }) { port, edge in ready.yield((port, edge)) }
    }
}

struct TestError: Error {
    let text: String
    init(_ text: String) { self.text = text }
}
