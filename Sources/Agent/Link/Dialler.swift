import Executors
import GRPCCore
import GRPCNIOTransportHTTP2Posix
import GridIdentity
import GridModel
import GridTransport
import Logging
import Synchronization

/// Keeps the link up: dials, lets a session run, and dials again with growing pauses until it is cancelled.
struct Dialler: Sendable {
    let settings: AgentSettings
    let credentials: CertificateFiles
    let core: AgentCore
    /// Nil: the samples come from elsewhere.
    let heartbeat: HeartbeatThread?
    let inventory: NodeInventory
    let keeper: CertificateKeeper
    let pulse: PulseWords?
    let logger: Logger

    func run() async throws {
        // The link's own loop: nothing of the work runs there.
        let loops = TransportLoops(count: 1)
        let looking = BlockingWork("looking", limit: 2)
        await withTaskExecutorPreference(loops.executor(0)) { SystemPriority.raise() }
        let instance = UInt64.random(in: 1...UInt64.max)
        var pause = Backoff(
            firstMilliseconds: settings.backoffFirstMilliseconds, limitMilliseconds: settings.backoffLimitMilliseconds)
        while !Task.isCancelled {
            let reach = Mutex(Reach.none)
            do {
                try await withTaskExecutorPreference(loops.executor(0)) {
                    // A connection that comes back at the end of a session that was welcomed says nothing new.
                    try await session(loops, instance, looking) { far in
                        reach.withLock { if $0 != .welcome { $0 = far } }
                    }
                }
            } catch {
                if Task.isCancelled { break }
                logger.warning(
                    "The link to the coordinator ended",
                    metadata: [
                        "node": "\(settings.name)",
                        "coordinator": "\(settings.coordinatorHost):\(settings.coordinatorPort)",
                        "error": "\(error)",
                    ])
            }
            let far = reach.withLock { $0 }
            if far == .welcome {
                // A connection that broke is tried again at once: the coordinator waits only a moment for those that live.
                pause.reset()
                try? await Task.sleep(for: .milliseconds(Int.random(in: 1...20)))
            } else {
                if far == .server { keeper.refused() }
                try? await Task.sleep(for: .milliseconds(pause.next(jitter: Double.random(in: 0.5...1))))
            }
        }
        try await loops.shutdown()
    }

    private func session(
        _ loops: TransportLoops, _ instance: UInt64, _ looking: BlockingWork,
        onReach: @escaping @Sendable (Reach) -> Void
    ) async throws {
        let session = LinkSession(
            settings: settings, core: core, heartbeat: heartbeat, instance: instance, inventory: inventory,
            onTrust: { [keeper] in await keeper.learned($0) }, pulse: pulse, looking: looking, logger: logger
        ) { [keeper] in
            onReach(.welcome)
            keeper.welcomed()
            ProcessMemory.releaseStartUpCode()
            logger.info("The coordinator welcomed this node", metadata: ["node": "\(settings.name)"])
        }
        let transport = try Transports.client(
            host: settings.coordinatorHost, port: settings.coordinatorPort, credentials: credentials,
            cluster: settings.cluster, loops: loops, onAcceptance: { onReach(.server) })
        try await withGRPCClient(transport: transport) { client in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await session.run(client) }
                group.addTask { try await watchSilence() }
                defer { group.cancelAll() }
                try await group.next()
            }
        }
    }

    /// How far a session came.
    private enum Reach: Sendable {
        /// Nobody was there, or not whom we believe.
        case none
        /// The coordinator was there, and did not welcome us.
        case server
        case welcome
    }

    /// Ends a session whose other end is gone without a word.
    private func watchSilence() async throws {
        while true {
            try await Task.sleep(for: .milliseconds(settings.silenceMilliseconds / 4))
            let silence = core.silenceMilliseconds
            if silence >= settings.silenceMilliseconds {
                throw AgentError(.silence, "the coordinator said nothing for \(silence) ms")
            }
        }
    }
}

/// Growing pauses between attempts to connect. The jitter is drawn by the caller.
package struct Backoff: Sendable {
    private let firstMilliseconds: Int64
    private let limitMilliseconds: Int64
    private var current: Int64

    package init(firstMilliseconds: Int64, limitMilliseconds: Int64) {
        self.firstMilliseconds = firstMilliseconds
        self.limitMilliseconds = limitMilliseconds
        current = firstMilliseconds
    }

    package mutating func next(jitter: Double) -> Int64 {
        defer { current = min(current * 2, limitMilliseconds) }
        return Int64(Double(current) * jitter)
    }

    package mutating func reset() { current = firstMilliseconds }
}
