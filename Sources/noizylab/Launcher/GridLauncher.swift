import Coordinator
import Executors
import Foundation
import GridIdentity
import GridModel
import GridWire
import NoizyClient
import ServiceLifecycle
import UnixSignals

/// `noizylab start`: decides what is to run, has it run, and waits until it really does.
struct GridLauncher: Sendable {
    enum Lab: Sendable {
        case nodes(Int?)
    }

    struct Request: Sendable {
        var lab: Lab?
        var config: String?
        var flags: [String: (flag: String, value: String)]

        /// Something was asked for, so that another grid that runs is not what was meant.
        var isExplicit: Bool { lab != nil || config != nil || !flags.isEmpty }
    }

    let home: HomeFolder
    let locator: GridLocator
    let request: Request

    private static let defaultLabNodes = 3

    // MARK: In the background

    func start() async throws {
        try home.make()
        let lock = try await FileLock.ofHome(home)
        let begin = ContinuousClock.now
        let isNew: Bool
        let plan: GridPlan
        if ProcessRecord.living(.supervisor, in: home) != nil, let running = runningPlan {
            plan = try agreed(running)
            isNew = false
        } else {
            plan = try prepare()
            _ = try PartProcess.start(.supervisor, home: home, environment: ProcessInfo.processInfo.environment)
            isNew = true
        }
        let status = try await waitUntilReady(plan, stopsOnFailure: isNew)
        let took = (ContinuousClock.now - begin).milliseconds
        let words =
            isNew
            ? "\(plan.cluster) is online after \(TimeText.took(milliseconds: took))" : "\(plan.cluster) runs already"
        StartReport(plan: plan, home: home).print(words, status)
        _ = consume lock
    }

    private func waitUntilReady(_ plan: GridPlan, stopsOnFailure: Bool) async throws -> Noizylab_Grid_StatusResponse? {
        let line = LiveLine(console: .stderr)
        defer { line.clear() }
        do {
            return try await Readiness(home: home, plan: plan, locator: ownLocator).wait {
                line.show("starting: \($0)")
            }
        } catch {
            line.clear()
            // A coordinator that never came leaves nothing worth keeping; a missing node is another matter.
            if stopsOnFailure, plan.hasCoordinator, ProcessRecord.read(.coordinator, in: home)?.listen == nil {
                _ = try? await GridStopper(home: home).stop()
            }
            throw error
        }
    }

    /// What runs here is asked as this home's operator, whatever other grid the environment names.
    private var ownLocator: GridLocator { GridLocator(home: home) }

    // MARK: In the foreground

    func runInForeground() async throws {
        try home.make()
        let lock = try await FileLock.ofHome(home)
        guard ProcessRecord.living(.supervisor, in: home) == nil else {
            throw CommandFailure(
                .failure, "a grid runs from \(home.path) already", try: "noizylab stop, then the same again")
        }
        let plan = try prepare()
        _ = consume lock
        let logger = LineLogHandler.logger(.supervisor, LogFile(path: nil))
        let supervisor = Supervisor(
            home: home, plan: plan, environment: ProcessInfo.processInfo.environment, logger: logger)
        let report = ForegroundReport(launcher: self, plan: plan)
        let configuration = ServiceGroupConfiguration(
            services: [
                .init(service: supervisor), .init(service: report, successTerminationBehavior: .ignore),
            ], gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        try await ServiceGroup(configuration: configuration).run()
        let end = try await FileLock.ofHome(home)
        _ = try await GridStopper(home: home).stop()
        _ = consume end
    }

    /// Says when it is ready, beside the supervisor in the foreground.
    private struct ForegroundReport: Service {
        let launcher: GridLauncher
        let plan: GridPlan

        func run() async throws {
            try await cancelWhenGracefulShutdown {
                do {
                    let status = try await launcher.waitUntilReady(plan, stopsOnFailure: false)
                    StartReport(plan: plan, home: launcher.home).print(
                        "\(plan.cluster) is online; Ctrl-C stops it", status)
                } catch is CancellationError {
                }
            }
        }
    }

    // MARK: What is to run

    /// Of the grid that runs, or would be started.
    func plannedOrRunning() throws -> GridPlan { try runningPlan ?? decide() }

    private var runningPlan: GridPlan? { JSONFile.read(GridPlan.self, from: home.gridRecord) }

    /// The plan of the grid that runs, unless something else was asked for.
    private func agreed(_ running: GridPlan) throws -> GridPlan {
        guard request.isExplicit else { return running }
        let wanted: GridPlan
        if case .nodes(let count) = request.lab {
            if running.isLab, count == nil || count == running.nodes.count { return running }
            wanted = .lab(nodes: count ?? Self.defaultLabNodes, listenPort: 0, edgePort: 0)
        } else {
            wanted = try decide()
        }
        guard wanted == running else {
            throw CommandFailure(
                .failure,
                "another grid runs from \(home.path): "
                    + "\(running.isLab ? "a lab" : "one") of \(running.nodes.map(\.name).joined(separator: ", "))",
                try: "noizylab stop, then the same again; or another folder: --home DIR")
        }
        return running
    }

    /// Decides, makes the certificates that are needed before anything runs, and writes the plan down.
    private func prepare() throws -> GridPlan {
        // Parts that a killed supervisor left are taken over as they are.
        if !ProcessRecord.allLiving(in: home).isEmpty, let running = runningPlan { return try agreed(running) }
        let plan = try decide()
        if plan.hasCoordinator {
            for (host, port, key) in [
                (plan.listenHost, plan.listenPort, "listen"), (plan.edgeHost, plan.edgePort, "edge"),
            ] where port != 0 && !FreePorts.isFree(host, port) {
                throw CommandFailure(
                    .failure,
                    "\(GridEndpoint(host: host, port: port)) cannot be listened on: another program has it, or the address is not this machine's",
                    try: "noizylab start --\(key) HOST:PORT, or coordinator.\(key) in the configuration")
            }
            let identities = try LocalIdentities(
                folder: home.path, cluster: plan.cluster, lifetimes: plan.lifetimes)
            _ = try identities.localOperator(user: NSUserName())
            for node in plan.ownNodes + plan.linkedNodes { _ = try identities.agent(NodeName(checked: node.name)) }
        }
        for node in plan.nodes {
            // What an earlier run knew of the roads.
            Folders.remove(home.road(node.name))
            Folders.remove(home.removal(node.name))
        }
        try JSONFile.write(plan, to: home.gridRecord)
        return plan
    }

    private func decide() throws -> GridPlan {
        if case .nodes(let count) = request.lab { return try lab(count) }
        let source = ConfigSource(home: home, flag: request.config)
        if !source.path.isThere, request.config == nil {
            if let joined = JSONFile.read(JoinedGrid.self, from: home.joinRecord) { return GridPlan(joined) }
            // A home that held a lab goes on being one.
            if request.flags.isEmpty, JSONFile.read(LabPorts.self, from: home.labRecord) != nil { return try lab(nil) }
        }
        return try withPorts(GridPlan(try source.read(flags: request.flags)))
    }

    /// Port 0 is a free one, and stays the same for the grid's life: agents have to find it again.
    private func withPorts(_ plan: GridPlan) throws -> GridPlan {
        var plan = plan
        let free = FreePorts.find(2)
        if plan.listenPort == 0 { plan.listenPort = free[0] }
        if plan.edgePort == 0 { plan.edgePort = free[1] }
        return plan
    }

    private func lab(_ count: Int?) throws -> GridPlan {
        let kept = JSONFile.read(LabPorts.self, from: home.labRecord)
        let nodes = count ?? kept?.nodes ?? Self.defaultLabNodes
        var ports = LabPorts(nodes: nodes, listen: kept?.listen ?? 0, edge: kept?.edge ?? 0)
        if ports.listen == 0 || !FreePorts.isFree("127.0.0.1", ports.listen)
            || !FreePorts.isFree("127.0.0.1", ports.edge)
        {
            let free = FreePorts.find(2)
            (ports.listen, ports.edge) = (free[0], free[1])
        }
        try JSONFile.write(ports, to: home.labRecord)
        return .lab(nodes: nodes, listenPort: ports.listen, edgePort: ports.edge)
    }
}
