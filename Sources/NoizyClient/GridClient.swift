import GRPCCore
package import GRPCNIOTransportHTTP2Posix
import GridIdentity
package import GridTransport
package import GridWire
import SwiftProtobuf
import Synchronization

/// A connection to a grid, as long as the scope that made it.
///
/// ```swift
/// try await GridClient.withConnection(to: GridEndpoint(host: "localhost", port: 50051), credentials: mine) { grid in
///     let task = try await grid.submit(.command("uname", "-a"))
///     for try await update in grid.watch(task.id) { … }
/// }
/// ```
///
/// What reads and what names its task by a key is asked again when the coordinator restarts meanwhile; watching goes on
/// where it was. The connection comes back by itself.
public final class GridClient: Sendable {
    package typealias Transport = HTTP2ClientTransport.Posix

    public let endpoint: GridEndpoint
    public let options: GridClientOptions
    package let tasks: Noizylab_Grid_Tasks.Client<Transport>
    package let admin: Noizylab_Grid_Admin.Client<Transport>
    package let audit: Noizylab_Grid_Audit.Client<Transport>
    package let placement: Noizylab_Grid_Placement.Client<Transport>
    package let healing: Noizylab_Grid_Healing.Client<Transport>
    package let legacy: Noizylab_Grid_NoizyGridRPC.Client<Transport>
    package let keys: Noizylab_Grid_Keys.Client<Transport>
    package let certificates: Noizylab_Grid_Certificates.Client<Transport>
    /// For work that is to run beside the connection, on its own event loop.
    package let loops: TransportLoops
    let follower = FollowerTasks()
    private let refusal: RefusalBox
    /// An API key, on the edge listener.
    private let showsKey: Bool

    private init(
        endpoint: GridEndpoint, options: GridClientOptions, client: GRPCClient<Transport>, loops: TransportLoops,
        refusal: RefusalBox, showsKey: Bool
    ) {
        self.endpoint = endpoint
        self.options = options
        self.showsKey = showsKey
        tasks = Noizylab_Grid_Tasks.Client(wrapping: client)
        admin = Noizylab_Grid_Admin.Client(wrapping: client)
        audit = Noizylab_Grid_Audit.Client(wrapping: client)
        placement = Noizylab_Grid_Placement.Client(wrapping: client)
        healing = Noizylab_Grid_Healing.Client(wrapping: client)
        legacy = Noizylab_Grid_NoizyGridRPC.Client(wrapping: client)
        keys = Noizylab_Grid_Keys.Client(wrapping: client)
        certificates = Noizylab_Grid_Certificates.Client(wrapping: client)
        self.loops = loops
        self.refusal = refusal
    }

    /// Connects, gives the connection to `body`, and closes it when that returns or throws.
    public static func withConnection<Result: Sendable>(
        to endpoint: GridEndpoint, credentials: GridCredentials, options: GridClientOptions = GridClientOptions(),
        isolation: isolated (any Actor)? = #isolation, _ body: (GridClient) async throws -> Result
    ) async throws -> Result {
        let loops = TransportLoops(count: 1)
        let refusal = RefusalBox()
        let result: Swift.Result<Result, any Error>
        do {
            let transport = try transport(to: endpoint, credentials, loops) { error in refusal.set(error) }
            let interceptors: [any ClientInterceptor] = credentials.apiKey.map { [KeyInterceptor($0)] } ?? []
            result = await run(transport, interceptors, loops) { client in
                try await withScope(
                    GridClient(
                        endpoint: endpoint, options: options, client: client, loops: loops, refusal: refusal,
                        showsKey: credentials.isAPIKey), body)
            }
        } catch let error as IdentityError {
            result = .failure(GridError(.untrusted, error.message))
        } catch {
            result = .failure(error)
        }
        try await loops.shutdown()
        return try result.get()
    }

    private static func transport(
        to endpoint: GridEndpoint, _ credentials: GridCredentials, _ loops: TransportLoops,
        onRefusal: @escaping @Sendable (IdentityError) -> Void
    ) throws -> Transport {
        guard credentials.isAPIKey else {
            return try Transports.client(
                host: endpoint.host, port: endpoint.port, credentials: credentials.files, loops: loops,
                onRefusal: onRefusal)
        }
        return try Transports.edgeClient(
            host: endpoint.host, port: endpoint.port,
            anchor: credentials.pin.map { .keyHash($0) }
                ?? .authorities(try TrustSet(file: credentials.authority)),
            loops: loops, onRefusal: onRefusal)
    }

    /// Runs the connection on its own event loop beside `body`.
    private static func run<Result: Sendable>(
        _ transport: Transport, _ interceptors: [any ClientInterceptor], _ loops: TransportLoops,
        isolation: isolated (any Actor)? = #isolation,
        _ body: (GRPCClient<Transport>) async throws -> Result
    ) async -> Swift.Result<Result, any Error> {
        let client = GRPCClient(transport: transport, interceptors: interceptors)
        return await withTaskGroup(of: Void.self) { group in
            group.addTask {
                await withTaskExecutorPreference(loops.executor(0)) {
                    // What becomes of the connection is told to each call.
                    try? await client.runConnections()
                }
            }
            let result: Swift.Result<Result, any Error>
            do {
                result = .success(try await body(client))
            } catch {
                result = .failure(error)
            }
            client.beginGracefulShutdown()
            group.cancelAll()
            return result
        }
    }

    /// The sequences that were handed out are fed by tasks of this scope, and end with it.
    private static func withScope<Result: Sendable>(
        _ client: GridClient, isolation: isolated (any Actor)? = #isolation,
        _ body: (GridClient) async throws -> Result
    ) async throws -> Result {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await client.follower.run() }
            defer {
                client.follower.finish()
                group.cancelAll()
            }
            return try await body(client)
        }
    }

    /// An error of a call, in our words.
    package func explain(_ error: any Error) -> any Error {
        guard let error = error as? RPCError else { return error }
        if error.code == .cancelled, Task.isCancelled { return CancellationError() }
        if error.code == .unimplemented, showsKey {
            return GridError(
                .denied,
                "no API key may do this: the edge listener (\(endpoint)) does not serve it, only the one for certificates",
                reason: "NOT_FOR_KEYS")
        }
        return GridError(error, refusal: refusal.take(), endpoint: endpoint)
    }
}

/// How a client behaves when the coordinator is away.
public struct GridClientOptions: Sendable {
    /// The first pause before a call is made again, and the longest.
    public var firstPause: Duration = .milliseconds(100)
    public var longestPause: Duration = .seconds(2)
    /// How long it may be away before a call, or a watch, gives up. Zero: the first failure counts.
    public var patience: Duration = .zero
    /// The same for something that has once been heard from.
    public var patienceWhenFollowing: Duration = .seconds(60)

    public init() {}
}

/// The newest reason why a certificate was not accepted, on its way from the handshake to the call that failed by it.
private final class RefusalBox: Sendable {
    private let newest = Mutex<IdentityError?>(nil)

    func set(_ error: IdentityError) { newest.withLock { $0 = error } }
    func take() -> IdentityError? { newest.withLock { $0 } }
}
