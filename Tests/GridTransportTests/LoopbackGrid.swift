import Foundation
import GRPCCore
import GRPCNIOTransportHTTP2Posix
import GridIdentity
import GridTransport
import GridWire
import SwiftProtobuf
import Synchronization
import Testing

/// An authority of its own in a folder of its own, and listeners on loopback.
struct LoopbackGrid {
    let folder: String
    let authority: CertificateAuthority
    let loops: TransportLoops

    static func with<Result>(
        cluster: String = "TEST", loops: Int = 2, _ body: (LoopbackGrid) async throws -> Result
    ) async throws -> Result {
        let folder = NSTemporaryDirectory() + "grid-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let loops = TransportLoops(count: loops)
        let authority = try CertificateAuthority.loadOrCreate(folder: folder + "/ca", cluster: cluster, now: Date())
        let result: Swift.Result<Result, any Error>
        do {
            result = .success(try await body(LoopbackGrid(folder: folder, authority: authority, loops: loops)))
        } catch {
            result = .failure(error)
        }
        try await loops.shutdown()
        return try result.get()
    }

    func files(
        _ role: PeerRole, _ name: String = "someone", hosts: [String] = ["localhost", "127.0.0.1", "::1"],
        now: Date = Date(), days: Int64? = nil
    ) throws -> CertificateFiles {
        let identity = try #require(PeerIdentity(cluster: authority.cluster, role: role, name: name))
        return try authority.issueFiles(
            for: identity, hosts: hosts, into: "\(folder)/\(role.rawValue)-\(name)-\(UUID().uuidString)", now: now,
            lifetimeSeconds: days.map { $0 * 86_400 })
    }

    func serving<Result: Sendable>(
        _ files: CertificateFiles? = nil, trust: ServerTrust = .mutual(cluster: "TEST"), loop: Int? = nil,
        settings: TransportSettings = TransportSettings(), refusals: Refusals = Refusals(),
        admission: @escaping PeerAdmission = { _ in },
        onAbuse: @escaping @Sendable (String, String) -> Void = { _, _ in }, _ body: (Int) async throws -> Result
    ) async throws -> Result {
        try await serving(
            files, trust: trust, loop: loop, settings: settings, refusals: refusals, admission: admission,
            onAbuse: onAbuse
        ) { port, _ in try await body(port) }
    }

    /// The same, with the server's own end for what is to change while it serves.
    func serving<Result: Sendable>(
        _ files: CertificateFiles? = nil, trust: ServerTrust = .mutual(cluster: "TEST"), loop: Int? = nil,
        settings: TransportSettings = TransportSettings(), refusals: Refusals = Refusals(),
        admission: @escaping PeerAdmission = { _ in },
        onAbuse: @escaping @Sendable (String, String) -> Void = { _, _ in },
        _ body: (Int, GridServerTransport) async throws -> Result
    ) async throws -> Result {
        let transport = try Transports.server(
            host: "127.0.0.1", port: 0, credentials: files ?? self.files(.coordinator), trust: trust, loops: loops,
            loop: loop, settings: settings, admission: admission, onRefusal: { _, error in refusals.add(error) },
            onAbuse: onAbuse)
        let server = GRPCServer(transport: transport, services: [WhoAmI(), Echo()])
        return try await withThrowingTaskGroup(of: Void.self) { group in
            let executor = loops.executor(loop ?? 0)
            group.addTask { try await withTaskExecutorPreference(executor) { try await server.serve() } }
            let port = try #require(await transport.port)
            let result = try await body(port, transport)
            server.beginGracefulShutdown()
            try await group.waitForAll()
            return result
        }
    }

    /// Who the server says is calling.
    func ask(_ transport: HTTP2ClientTransport.Posix) async throws -> String {
        try await withClient(transport) { client in
            try await Noizylab_Grid_Enrolment.Client(wrapping: client).join(Noizylab_Grid_JoinRequest()).certificate
        }
    }

    func withClient<Result: Sendable>(
        _ transport: HTTP2ClientTransport.Posix, loop: Int = 0,
        _ body: @escaping @Sendable (GRPCClient<HTTP2ClientTransport.Posix>) async throws -> Result
    ) async throws -> Result {
        let client = GRPCClient(transport: transport)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            let executor = loops.executor(loop)
            group.addTask { try await withTaskExecutorPreference(executor) { try await client.runConnections() } }
            let result: Swift.Result<Result, any Error>
            do {
                result = .success(try await withTaskExecutorPreference(executor) { try await body(client) })
            } catch {
                result = .failure(error)
            }
            client.beginGracefulShutdown()
            try await group.waitForAll()
            return try result.get()
        }
    }
}

/// The certificates that one side did not accept, and why.
final class Refusals: Sendable {
    private let errors = Mutex<[IdentityError]>([])

    func add(_ error: IdentityError) { errors.withLock { $0.append(error) } }
    var codes: Set<IdentityError.Code> { errors.withLock { Set($0.map(\.code)) } }
    var messages: [String] { errors.withLock { $0.map(\.message) } }
}

/// Answers a unary call with the caller's identity.
private struct WhoAmI: Noizylab_Grid_Enrolment.SimpleServiceProtocol {
    func join(
        request: Noizylab_Grid_JoinRequest, context: ServerContext
    ) async throws -> Noizylab_Grid_JoinResponse {
        var response = Noizylab_Grid_JoinResponse()
        response.certificate = context.peer?.identity.uri ?? "nobody"
        return response
    }
}

/// Answers each message with its heartbeat's number; a number of `count << 32 | size` asks for so many large messages.
private struct Echo: Noizylab_Grid_AgentLink.SimpleServiceProtocol {
    func connect(
        request: RPCAsyncSequence<Noizylab_Grid_FromAgent, any Error>, response: RPCWriter<Noizylab_Grid_ToAgent>,
        context: ServerContext
    ) async throws {
        for try await message in request {
            let size = Int(message.heartbeatNumber & 0xffff_ffff), count = Int(message.heartbeatNumber >> 32)
            if count > 0 {
                let big = Noizylab_Grid_ToAgent.with { $0.welcome.cluster = String(repeating: "x", count: size) }
                for _ in 0..<count { try await response.write(big) }
                return
            }
            var answer = Noizylab_Grid_ToAgent()
            answer.heartbeatNumber = message.heartbeatNumber
            try await response.write(answer)
        }
    }
}
