package import Executors
package import GridIdentity
package import GridModel
package import Logging
import ServiceLifecycle

/// A road, by the name people know it by: `ssh studio@192.168.1.21`.
package struct NamedRoad: Sendable {
    package let name: String
    package let road: any Road
    /// What the road needs to be done beside it, until it is cancelled and has cleaned up.
    package let upkeep: @Sendable () async -> Void

    package init(name: String, road: any Road, upkeep: @escaping @Sendable () async -> Void = {}) {
        self.name = name
        self.road = road
        self.upkeep = upkeep
    }
}

/// Serves a node on which no agent runs: an agent beside the coordinator, whose attempts run at the other end of a road.
/// Of several roads all are held open, and the first that works is taken.
///
/// The coordinator hears of the node only while the other machine itself proves alive: the link exists as long as a road
/// is open, heartbeats are the other machine's samples, and questions are answered only within a second of the last. So
/// a machine that dies is suspect and lost as soon as any other.
package struct RoadService: Service {
    private static let silenceMilliseconds: Int64 = 5_000

    private let settings: AgentSettings
    private let credentials: CertificateFiles
    private let roads: [NamedRoad]
    private let logger: Logger
    private let onStates: @Sendable ([RoadState]) -> Void

    /// - Parameters:
    ///   - roads: at least one, in the order in which they are preferred.
    ///   - onStates: hears of every change of any of them, on a thread that must not be blocked for long.
    package init(
        settings: AgentSettings, credentials: CertificateFiles, roads: [NamedRoad], logger: Logger,
        onStates: @escaping @Sendable ([RoadState]) -> Void
    ) {
        self.settings = settings
        self.credentials = credentials
        self.roads = roads
        self.logger = logger
        self.onStates = onStates
    }

    package func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            defer { group.cancelAll() }
            for road in roads { group.addTask { await road.upkeep() } }
            try await serve()
        }
    }

    private func serve() async throws {
        guard Folders.make(settings.folder) else {
            throw AgentError(.folder, "cannot make the folder of node \(settings.name): \(settings.folder)")
        }
        let (spool, kept) = try Spool.open(folder: settings.folder + "/spool")
        let desk = RoadDesk(roads: roads)
        let core = AgentCore(
            settings: settings, executor: desk, spool: spool, kept: kept,
            gate: try SignatureGate(settings: settings, logger: logger),
            witness: ResultWitness(settings: settings, credentials: credentials, logger: logger), logger: logger,
            isProven: { desk.isProven })
        let keeper = try CertificateKeeper(settings: settings, files: credentials, logger: logger)
        let holders: [@Sendable () async throws -> Void] = roads.indices.map { index in
            { await hold(index, desk, core) }
        }
        try await core.work(
            settings,
            holders + [
                { await watch(desk) }, { await tell(desk, core) }, { await link(core, keeper, desk) },
                { try await keeper.run() },
            ])
        for road in roads { road.road.close() }
    }

    /// Opens a road, again and again.
    private func hold(_ index: Int, _ desk: RoadDesk, _ core: AgentCore) async {
        var pause = Backoff(firstMilliseconds: 200, limitMilliseconds: settings.backoffLimitMilliseconds)
        while !Task.isCancelled {
            desk.opening(index)
            if await travel(index, desk, core) { pause.reset() }
            if Task.isCancelled { return }
            try? await Task.sleep(for: .milliseconds(pause.next(jitter: Double.random(in: 0.5...1))))
        }
    }

    /// One opening of a road, until it closes. True when it was open.
    private func travel(_ index: Int, _ desk: RoadDesk, _ core: AgentCore) async -> Bool {
        var wasOpen = false
        let name: Logger.Metadata = ["node": "\(settings.name)", "road": "\(roads[index].name)"]
        for await event in roads[index].road.open() {
            switch event {
            case .opened(var inventory):
                wasOpen = true
                inventory.agentVersion = settings.version
                logger.notice("The road is open", metadata: name)
                desk.opened(index, inventory)
            case .sample(let sample):
                desk.heard(index)
                if desk.isInUse(index) { core.sampled(sample) }
            case .gpus(let gpus):
                if desk.isInUse(index) { core.sampled(gpus: gpus) }
            case .closed(let failure):
                desk.closed(index, failure)
                let why: Logger.Metadata = ["reason": "\(failure.reason)", "try": "\(failure.remedy)"]
                logger.warning("The road is closed", metadata: name.merging(why) { $1 })
            }
        }
        if desk.silence(of: index) != nil { desk.closed(index, RoadFailure(reason: "it ended without a word")) }
        return wasOpen
    }

    /// Has the coordinator know of the node as long as any road is open.
    private func link(_ core: AgentCore, _ keeper: CertificateKeeper, _ desk: RoadDesk) async {
        var wishes = desk.wishes.makeAsyncIterator()
        while let wish = await wishes.next() {
            guard case .open(let inventory) = wish else { continue }
            let dialler = Dialler(
                settings: settings, credentials: credentials, core: core, heartbeat: nil, inventory: inventory,
                keeper: keeper, pulse: nil, logger: logger)
            await withTaskGroup(of: Void.self) { group in
                group.addTask {
                    do { try await dialler.run() } catch {
                        logger.error("The link could not be left in order", metadata: ["error": "\(error)"])
                    }
                }
                // After an opening comes a closing.
                _ = await wishes.next()
                group.cancelAll()
            }
        }
    }

    private func tell(_ desk: RoadDesk, _ core: AgentCore) async {
        for await states in desk.news {
            core.told(roads: states)
            onStates(states)
        }
    }

    /// Notices silence. A road on which nothing comes any more is closed, and opened anew.
    private func watch(_ desk: RoadDesk) async {
        while !Task.isCancelled {
            try? await Task.sleep(for: .milliseconds(100))
            desk.review()
            for index in roads.indices where desk.silence(of: index) ?? 0 > Self.silenceMilliseconds {
                roads[index].road.close()
            }
        }
    }
}
