import Executors
import Foundation
import GridLogic
import GridModel
import NoizyClient

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// Gathers the facts about this machine and the grid on it. Changes nothing but a file that it writes, and removes, to
/// see how fast the disk is.
struct MachineLook: Sendable {
    let home: HomeFolder
    /// Of the grid that runs, or ran last.
    let plan: GridPlan?
    let config: String?

    #if canImport(Darwin)
        static let isDarwin = true
    #else
        static let isDarwin = false
    #endif

    func findings() async -> [Finding] {
        let configured = configuredPlan()
        let shown = plan ?? configured.plan
        async let clock = ClockLook.read()
        async let store = StoreLook(home: home).read()
        async let ssh = SSHClientLook.read(shown?.nodes.filter { $0.roadOverSSH != nil }.map(\.name) ?? [])
        let identity = IdentityLook(home: home, plan: plan)
        var found = GridChecks.configuration(configured.facts)
        found += GridChecks.processes(ProcessLook.processes(home), leftovers: ProcessLook.leftovers(home))
        if let shown, shown.hasCoordinator { found += MachineChecks.ports(ports(shown), isDarwin: Self.isDarwin) }
        found += MachineChecks.names(NameLook.read(shown))
        found += MachineChecks.modes(ModeLook(home: home).read(), home: home.path)
        found += MachineChecks.disk(DiskLook.read(home.path))
        found.append(GridChecks.store(await store))
        let (isSynchronised, source) = await clock
        found.append(MachineChecks.clock(isSynchronised: isSynchronised, source: source, isDarwin: Self.isDarwin))
        found += GridChecks.certificates(identity.certificates(now: Date()))
        found += GridChecks.trust(identity.trust())
        found.append(descriptors(shown))
        found.append(GridChecks.ssh(await ssh))
        found.append(localNetwork(shown))
        return found
    }

    // MARK: Configuration

    private func configuredPlan() -> (facts: GridChecks.Configuration, plan: GridPlan?) {
        var facts = GridChecks.Configuration()
        let source = ConfigSource(home: home, flag: config)
        facts.isNeeded = !(plan?.isLab ?? false) && plan?.hasCoordinator ?? true
        guard facts.isNeeded || config != nil else { return (facts, plan) }
        facts.isNeeded = true
        facts.path = source.path.isThere ? source.path.path : ""
        do {
            let wanted = GridPlan(try source.read())
            facts.listenHost = wanted.listenHost
            facts.awaitedAgents = wanted.nodes.filter { $0.link == LinkKind.agent.rawValue && !$0.isHere }.map(\.name)
            let isRunning = ProcessRecord.living(.supervisor, in: home) != nil
            if let plan, isRunning, !wanted.means(plan) {
                facts.differsFromRunning = source.path.isThere
                facts.isElsewhere = !source.path.isThere
            }
            return (facts, wanted)
        } catch {
            let failure = CommandFailure(error)
            facts.failure = Complaint(failure.message, try: failure.hint)
            return (facts, nil)
        }
    }

    // MARK: Ports

    private func ports(_ plan: GridPlan) -> [MachineChecks.Port] {
        let runs = ProcessRecord.living(.coordinator, in: home)?.listen != nil
        return [
            ("coordinator.listen", plan.listenHost, plan.listenPort),
            ("coordinator.edge", plan.edgeHost, plan.edgePort),
        ].filter { $0.2 != 0 }.map { key, host, port in
            let state: MachineChecks.Port.State
            if runs {
                let failure = FreePorts.connectFailure(GridPlan.loopback(for: host), port)
                state = failure.map { .deaf($0) } ?? .ours
            } else {
                state = FreePorts.isFree(host, port) ? .free : .taken
            }
            return .init(key: key, place: "\(GridEndpoint(host: host, port: port))", port: port, state: state)
        }
    }

    // MARK: Descriptors

    private func descriptors(_ plan: GridPlan?) -> Finding {
        var limit = rlimit()
        #if canImport(Darwin)
            getrlimit(RLIMIT_NOFILE, &limit)
        #else
            getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        #endif
        // Connections and output files of every node, and those who watch.
        let needed = 512 + 8 * UInt64(plan?.nodes.count ?? 0)
        return MachineChecks.descriptors(soft: UInt64(limit.rlim_cur), hard: UInt64(limit.rlim_max), needed: needed)
    }

    // MARK: The local network

    private func localNetwork(_ plan: GridPlan?) -> Finding {
        guard Self.isDarwin, let node = plan?.nodes.first(where: { NameLook.isLocal($0.address) }) else {
            return MachineChecks.localNetwork(isDarwin: Self.isDarwin, tried: nil, errno: 0)
        }
        let code = FreePorts.connectCode(node.address, node.roadOverSSH?.ssh?.port ?? 22, milliseconds: 1_000)
        return MachineChecks.localNetwork(isDarwin: true, tried: node.address, errno: code)
    }
}

extension GridPlan {
    /// The same grid as another plan, where that has only had its free ports filled in.
    func means(_ other: GridPlan) -> Bool {
        var wanted = self
        if wanted.listenPort == 0 { wanted.listenPort = other.listenPort }
        if wanted.edgePort == 0 { wanted.edgePort = other.edgePort }
        return wanted == other
    }
}
