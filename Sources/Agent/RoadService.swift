package import Executors
package import GridIdentity
import GridModel
package import Logging
import ServiceLifecycle

/// Serves a node on which no agent runs: an agent beside the coordinator, whose attempts run at the other end of a road.
///
/// The coordinator hears of the node only while the other machine itself proves alive: the link exists as long as the
/// road is open, heartbeats are the other machine's samples, and questions are answered only within `proofMilliseconds`
/// of the last. So a machine that dies is suspect and lost as soon as any other.
package struct RoadService: Service {
    /// What the road is doing, for people.
    package enum State: Sendable, Hashable {
        case opening
        case open
        case closed(RoadFailure)
    }

    private static let proofMilliseconds: Int64 = 1_000
    private static let silenceMilliseconds: Int64 = 5_000

    private let settings: AgentSettings
    private let credentials: CertificateFiles
    private let road: any Road
    private let logger: Logger
    private let onState: @Sendable (State) -> Void

    package init(
        settings: AgentSettings, credentials: CertificateFiles, road: any Road, logger: Logger,
        onState: @escaping @Sendable (State) -> Void
    ) {
        self.settings = settings
        self.credentials = credentials
        self.road = road
        self.logger = logger
        self.onState = onState
    }

    package func run() async throws {
        guard Folders.make(settings.folder) else {
            throw AgentError(.folder, "cannot make the folder of node \(settings.name): \(settings.folder)")
        }
        let (spool, kept) = try Spool.open(folder: settings.folder + "/spool")
        let proof = LifeProof()
        let core = AgentCore(
            settings: settings, executor: road.runner, spool: spool, kept: kept,
            gate: try SignatureGate(settings: settings, logger: logger),
            witness: ResultWitness(settings: settings, credentials: credentials, logger: logger), logger: logger,
            isProven: { proof.isFresh(within: Self.proofMilliseconds) })
        let keeper = try CertificateKeeper(settings: settings, files: credentials, logger: logger)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await serve(core, keeper, proof) }
            group.addTask { try await keeper.run() }
            group.addTask { try? await gracefulShutdown() }
            while !Task.isCancelled && !Task.isShuttingDownGracefully {
                guard try await group.next() != nil else { break }
            }
            core.stop()
            await core.waitUntilQuiet(settings)
            group.cancelAll()
            road.close()
        }
    }

    /// Opens the road, again and again.
    private func serve(_ core: AgentCore, _ keeper: CertificateKeeper, _ proof: LifeProof) async {
        var pause = Backoff(firstMilliseconds: 200, limitMilliseconds: settings.backoffLimitMilliseconds)
        while !Task.isCancelled {
            onState(.opening)
            if await travel(core, keeper, proof) { pause.reset() }
            if Task.isCancelled { return }
            try? await Task.sleep(for: .milliseconds(pause.next(jitter: Double.random(in: 0.5...1))))
        }
    }

    /// One opening of the road, until it closes. True when it was open.
    private func travel(_ core: AgentCore, _ keeper: CertificateKeeper, _ proof: LifeProof) async -> Bool {
        var wasOpen = false
        await withTaskGroup(of: Void.self) { group in
            for await event in road.open() {
                switch event {
                case .opened(var inventory):
                    wasOpen = true
                    proof.renew()
                    inventory.agentVersion = settings.version
                    let dialler = Dialler(
                        settings: settings, credentials: credentials, core: core, heartbeat: nil, inventory: inventory,
                        keeper: keeper, pulse: nil, logger: logger)
                    group.addTask { try? await dialler.run() }
                    group.addTask { await watch(proof) }
                    onState(.open)
                    logger.notice("The road is open", metadata: ["node": "\(settings.name)"])
                case .sample(let sample):
                    proof.renew()
                    core.sampled(sample)
                case .gpus(let gpus):
                    core.sampled(gpus: gpus)
                case .closed(let failure):
                    onState(.closed(failure))
                    logger.warning(
                        "The road is closed",
                        metadata: [
                            "node": "\(settings.name)", "reason": "\(failure.reason)", "try": "\(failure.remedy)",
                        ])
                }
            }
            group.cancelAll()
        }
        return wasOpen
    }

    /// A road on which nothing comes any more is closed, and opened anew.
    private func watch(_ proof: LifeProof) async {
        while !Task.isCancelled {
            try? await Task.sleep(for: .milliseconds(250))
            if !proof.isFresh(within: Self.silenceMilliseconds) { return road.close() }
        }
    }
}
