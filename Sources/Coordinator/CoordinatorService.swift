import Foundation
import GRPCCore
import GridIdentity
import GridLogic
import GridModel
import GridStore
import GridTransport
package import Logging
import ServiceLifecycle

/// The coordinator: owns the tasks, decides, and serves both listeners until it is cancelled or shut down gracefully.
///
/// A graceful stop takes nothing new, commits and answers what was taken, tells those who still wait to come back, and
/// leaves within `shutdownMilliseconds`.
package struct CoordinatorService: Sendable {
    private let settings: CoordinatorSettings
    private let logger: Logger

    package init(settings: CoordinatorSettings, logger: Logger) {
        self.settings = settings
        self.logger = logger
    }

    /// `onReady` hears the real ports once both listeners take connections. Writes nothing to standard output.
    /// `onGateway` gets the gateway before anybody comes through it.
    package func run(
        onGateway: @Sendable (Gateway) -> Void = { _ in },
        onReady: @escaping @Sendable (_ listenPort: Int, _ edgePort: Int) async throws -> Void
    ) async throws {
        let store = try SQLiteStore(folder: settings.storeFolder, settings: settings.store)
        let identities = try IdentityOffice(settings: settings, store: store, now: Date())
        let credentials = try identities.refreshOwn().files
        let outputs = try OutputStore(folder: "\(settings.storeFolder)/output", settings: settings.output)
        let audit = try AuditTrail(store: AuditStore(folder: settings.storeFolder), logger: logger)
        let keys = KeyRing(try store.keys(), at: SystemClock.monotonic())
        let gateway = Gateway(limits: settings.limits, audit: audit) {
            keys.grant(authorization: $0, at: SystemClock.wall())
        }
        onGateway(gateway)
        let blocking = BlockingReads()
        let loops = TransportLoops(count: settings.eventLoops)
        let ears = EarGauge(loops: loops)
        let loop = GridLoop(
            machine: try recoveredMachine(from: store), store: store, settings: settings.loop, logger: logger,
            ears: ears,
            attemptLost: { [logger] ref in
                blocking.start {
                    do {
                        if try outputs.wantedOffset(ref) > 0 { try outputs.finish(ref, durable: false) }
                    } catch {
                        logger.error("The output of a lost attempt cannot be ended", metadata: ["error": "\(error)"])
                    }
                }
            })
        let operations = GridOperations(
            settings: settings, loop: loop, store: store, outputs: outputs, identities: identities,
            gateway: gateway, keys: keys, vault: try SecretVault.loadOrCreate(settings.vaultKey), logger: logger)
        loop.begin()
        var failure: (any Error)?
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await audit.run() }
            do {
                try await serve(operations, credentials, loops, ears, onReady)
            } catch {
                failure = error
            }
            // However it ended, what was taken is committed before the store closes, and the audit knows of it.
            await loop.stop()
            audit.finish()
            await group.waitForAll()
        }
        try await loops.shutdown()
        try audit.close()
        try store.close()
        if let failure { throw failure }
    }

    private func recoveredMachine(from store: SQLiteStore) throws -> GridMachine {
        let state = try store.load()
        var grid = settings.grid
        grid.seed = UInt64.random(in: 1 ... .max)
        var machine = GridMachine(settings: grid)
        machine.recover(
            tasks: state.tasks, nodes: state.nodes, nextTaskNumber: state.nextTaskNumber,
            nextEventNumber: state.nextEventNumber, at: SystemClock.now())
        if !state.tasks.isEmpty {
            logger.notice("Living tasks recovered", metadata: ["tasks": "\(state.tasks.count)"])
        }
        return machine
    }

    private func serve(
        _ operations: GridOperations, _ credentials: CertificateFiles, _ loops: TransportLoops,
        _ ears: EarGauge, _ onReady: @escaping @Sendable (Int, Int) async throws -> Void
    ) async throws {
        let gateway = operations.gateway
        let refused: @Sendable (String, IdentityError) -> Void = { [logger] address, error in
            guard gateway.turnedAway(address, "CERTIFICATE_\(error.code.rawValue)") else { return }
            logger.info("A certificate was not accepted", metadata: ["from": "\(address)", "error": "\(error)"])
        }
        let abused: @Sendable (String, String) -> Void = { [logger] address, reason in
            guard gateway.turnedAway(address, reason) else { return }
            logger.warning("A connection was turned away", metadata: ["from": "\(address)", "reason": "\(reason)"])
        }
        let mutual = try Transports.server(
            host: settings.listenHost, port: settings.listenPort, credentials: credentials,
            trust: .mutual(cluster: settings.cluster), loops: loops, settings: settings.transport,
            admission: { credential throws(IdentityError) in try operations.admit(credential) }, onRefusal: refused,
            onAbuse: abused)
        let edge = try Transports.server(
            host: settings.edgeHost, port: settings.edgePort, credentials: credentials, trust: .serverOnly,
            loops: loops, settings: settings.transport.forStrangers, onRefusal: refused, onAbuse: abused)
        operations.identities.attach([mutual, edge])
        // The listeners ask the operations, which would keep them.
        defer { operations.identities.attach([]) }
        let servers = [
            GRPCServer(transport: mutual, router: ServedServices.mutual(operations)),
            GRPCServer(transport: edge, router: ServedServices.edge(operations)),
        ]
        try await withThrowingTaskGroup(of: Part.self) { group in
            for server in servers {
                group.addTask {
                    // The library makes a task for every call before it asks us where to run it.
                    try await withTaskExecutorPreference(loops.executor(0)) { try await server.serve() }
                    return .server
                }
            }
            group.addTask {
                await ears.run()
                return .other
            }
            group.addTask {
                try await Housekeeping(operations: operations).run()
                return .other
            }
            group.addTask {
                try await KeyKeeper(operations: operations).run()
                return .other
            }
            group.addTask {
                try await IdentityKeeper(operations: operations).run()
                return .other
            }
            group.addTask {
                // A listener that cannot listen says so itself.
                guard let listenPort = await mutual.port, let edgePort = await edge.port else { return .other }
                operations.bound(
                    listen: address(settings.listenHost, listenPort), edge: address(settings.edgeHost, edgePort))
                try await onReady(listenPort, edgePort)
                await waitForShutdown()
                await stop(operations, servers)
                try await Task.sleep(for: .milliseconds(settings.shutdownMilliseconds))
                return .patience
            }
            defer { group.cancelAll() }
            var serving = servers.count
            while serving > 0, let ended = try await group.next() {
                switch ended {
                case .server: serving -= 1
                case .patience: return
                case .other: break
                }
            }
        }
    }

    /// What has ended, of what runs side by side.
    private enum Part: Sendable {
        case server
        /// The time that streams had to end by themselves.
        case patience
        case other
    }

    /// Returns on graceful shutdown and on cancellation.
    private func waitForShutdown() async {
        try? await gracefulShutdown()
    }

    private func stop(_ operations: GridOperations, _ servers: [GRPCServer<GridServerTransport>]) async {
        logger.notice("Stopping")
        for server in servers { server.beginGracefulShutdown() }
        await operations.loop.stop()
        operations.participants.finish()
        operations.loop.links.endAll("the coordinator is stopping")
    }

    /// Where others reach a listener: one that listens everywhere is reached by the machine's name.
    private func address(_ host: String, _ port: Int) -> String {
        let isEverywhere = host == "0.0.0.0" || host == "::"
        let name = isEverywhere ? ProcessInfo.processInfo.hostName : host
        return name.contains(":") ? "[\(name)]:\(port)" : "\(name):\(port)"
    }
}
