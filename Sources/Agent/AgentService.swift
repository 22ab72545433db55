import Executors
import GRPCCore
import GRPCNIOTransportHTTP2Posix
package import GridIdentity
import GridModel
import GridTransport
package import Logging
import ServiceLifecycle

/// A node's agent: dials the coordinator, does what it says, and tells it what happened. Runs until it is cancelled or
/// asked to shut down; whatever the link does, it goes on, and what it runs goes on with it.
///
/// When it is asked to shut down it takes nothing new, ends what runs (TERM, then KILL after the grace), reports it as
/// lost with this node, so that the grid may place it elsewhere, and goes.
package struct AgentService: Service {
    private let settings: AgentSettings
    private let credentials: CertificateFiles
    private let logger: Logger

    package init(settings: AgentSettings, credentials: CertificateFiles, logger: Logger) {
        self.settings = settings
        self.credentials = credentials
        self.logger = logger
    }

    package func run() async throws {
        let environment = BaseEnvironment.ofThisProcess()
        let workFolder = settings.folder + "/work"
        let recordsFolder = settings.folder + "/attempts"
        guard Folders.make(workFolder), Folders.make(recordsFolder) else {
            throw AgentError(.folder, "cannot make the folders of node \(settings.name) in \(settings.folder)")
        }
        await endOrphans(OrphanSweep(workFolder: workFolder, recordsFolder: recordsFolder))

        let (spool, kept) = try Spool.open(folder: settings.folder + "/spool")
        let executor = NodeExecutor(
            settings: ExecutorSettings(
                node: settings.name, workFolder: workFolder, recordsFolder: recordsFolder, environment: environment))
        let core = AgentCore(
            settings: settings, executor: executor, spool: spool, kept: kept,
            gate: try SignatureGate(settings: settings, logger: logger),
            witness: ResultWitness(settings: settings, credentials: credentials, logger: logger), logger: logger)
        let heartbeat = HeartbeatThread(settings: settings)
        heartbeat.start {
            core.sampled($0)
        } onSleep: {
            core.slept(milliseconds: $0)
        }
        defer { heartbeat.stop() }
        let pulse = PulseResponder()
        pulse?.start()
        defer { pulse?.stop() }
        let probe = InventoryProbe(environment: environment, folder: settings.folder, agentVersion: settings.version)
        let keeper = try CertificateKeeper(settings: settings, files: credentials, logger: logger)
        let dialler = Dialler(
            settings: settings, credentials: credentials, core: core, heartbeat: heartbeat,
            inventory: await inventory(probe), keeper: keeper, pulse: pulse?.words, logger: logger)

        try await core.work(
            settings,
            [
                { try await dialler.run() }, { try await keeper.run() }, { await watchGPUs(environment, core) },
            ])
        await withCheckedContinuation { continuation in
            BlockingWork("stopping", limit: 1).run {
                executor.stop()
                continuation.resume()
            }
        }
        logger.info("The agent has stopped", metadata: ["node": "\(settings.name)"])
    }

    private func endOrphans(_ sweep: OrphanSweep) async {
        let (found, left) = await withCheckedContinuation { continuation in
            BlockingWork("orphans", limit: 1).run { continuation.resume(returning: sweep.run()) }
        }
        guard found > 0 else { return }
        logger.warning(
            "Processes that an earlier agent left were ended",
            metadata: ["node": "\(settings.name)", "found": "\(found)", "left": "\(left)"])
    }

    /// With what the way to the coordinator is.
    private func inventory(_ probe: InventoryProbe) async -> NodeInventory {
        var inventory = await probe.read()
        if let medium = await MediumProbe.towards(settings.coordinatorHost) {
            inventory.capabilities["medium"] = medium.rawValue
        }
        return inventory
    }

    private func watchGPUs(_ environment: BaseEnvironment, _ core: AgentCore) async {
        guard var probe = GPUProbe(environment: environment) else {
            // There is nothing to watch; the task lives as long as its siblings.
            try? await Task.sleep(for: .seconds(1_000_000_000))
            return
        }
        while !Task.isCancelled {
            core.sampled(gpus: await probe.read())
            try? await Task.sleep(for: .milliseconds(settings.gpuSampleMilliseconds))
        }
    }
}
