import Agent
import ArgumentParser
import Coordinator
import Discovery
import Foundation
import GridIdentity
import GridModel
import Logging
import NoizyClient
import ServiceLifecycle
import UnixSignals

/// The processes behind the command line. Each holds its lock and keeps its record while it lives.
struct SuperviseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "supervise", abstract: "Run the processes of this home's grid.", shouldDisplay: false)

    @Option var home: String?

    func run() async throws {
        try await PartRunner(.supervisor, HomeFolder(flag: home)).run { home, plan, logger in
            Supervisor(home: home, plan: plan, environment: ProcessInfo.processInfo.environment, logger: logger)
        }
    }
}

struct CoordinatorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "coordinator", abstract: "Run the coordinator.", shouldDisplay: false)

    @Option var home: String?

    func run() async throws {
        try await PartRunner(.coordinator, HomeFolder(flag: home)).run { home, plan, logger in
            CoordinatorPart(
                service: CoordinatorService(settings: plan.coordinatorSettings(home: home), logger: logger), home: home,
                plan: plan, logger: logger)
        }
    }
}

struct AgentCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "agent", abstract: "Run a node's agent.", shouldDisplay: false)

    @Option var name: String
    @Option var home: String?

    func run() async throws {
        try await PartRunner(.agent(name), HomeFolder(flag: home)).run { home, plan, logger in
            guard let node = plan.ownNodes.first(where: { $0.name == name }) else {
                throw CommandFailure(.usage, "no node '\(name)' is planned on this machine", try: "noizylab start")
            }
            return AgentService(
                settings: plan.agentSettings(node, home: home),
                credentials: CertificateFiles(folder: home.node(name) + "/pki"), logger: logger)
        }
    }
}

struct LinksCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "links", abstract: "Serve the nodes without an agent.", shouldDisplay: false)

    @Option var home: String?

    func run() async throws {
        try await PartRunner(.links, HomeFolder(flag: home)).run { home, plan, logger in
            LinkedNodes(home: home, plan: plan, logger: logger)
        }
    }
}

/// The coordinator as a service that says when, and where, it can be reached.
private struct CoordinatorPart: Service {
    let service: CoordinatorService
    let home: HomeFolder
    let plan: GridPlan
    let logger: Logger

    func run() async throws {
        let (ready, teller) = AsyncStream.makeStream(of: (listen: Int, edge: Int).self)
        try await withThrowingTaskGroup(of: Bool.self) { group in
            defer { group.cancelAll() }
            group.addTask {
                defer { teller.finish() }
                try await serve { teller.yield(($0, $1)) }
                return true
            }
            group.addTask {
                guard isAnnounced else { return false }
                for await ports in ready { await announce(ports.listen, ports.edge) }
                return false
            }
            // The coordinator's end is the end; nobody else's is.
            while let isOver = try await group.next(), !isOver {}
        }
    }

    private func serve(_ onReady: @escaping @Sendable (Int, Int) -> Void) async throws {
        try await service.run { listen, edge in
            var record = ProcessRecord.ofThisProcess()
            record.listen = "\(GridEndpoint(host: plan.listenHost, port: listen))"
            record.edge = "\(GridEndpoint(host: plan.edgeHost, port: edge))"
            try JSONFile.write(record, to: home.record(.coordinator))
            logger.notice(
                "Listening", metadata: ["listen": "\(record.listen ?? "")", "edge": "\(record.edge ?? "")"])
            onReady(listen, edge)
        }
    }

    /// What listens on loopback alone cannot be reached by those who would hear of it.
    private var isAnnounced: Bool {
        !plan.isLab && plan.numbers["coordinator.announce"] != 0 && !HostNames.isLoopback(plan.listenHost)
    }

    private func announce(_ listen: Int, _ edge: Int) async {
        let service = GridService(
            cluster: plan.cluster, node: plan.node, version: Version.text, port: UInt16(clamping: listen),
            edgePort: UInt16(clamping: edge))
        await GridAnnouncer(service, logger: logger).run()
    }
}

/// Runs one part of the grid in this process, until TERM or INT.
struct PartRunner {
    private let part: GridPart
    private let home: HomeFolder

    init(_ part: GridPart, _ home: HomeFolder) {
        self.part = part
        self.home = home
    }

    func run(_ make: (HomeFolder, GridPlan, Logger) throws -> any Service) async throws {
        try home.make()
        let logger = LineLogHandler.logger(part, LogFile(path: home.logFile(part)))
        guard let plan = JSONFile.read(GridPlan.self, from: home.gridRecord) else {
            throw CommandFailure(.failure, "there is no plan in \(home.gridRecord)", try: "noizylab start")
        }
        // The supervisor takes its own lock, because it also runs inside `start --foreground`.
        let lock = part == .supervisor ? nil : try lockOrEnd()
        try JSONFile.write(ProcessRecord.ofThisProcess(), to: home.record(part))
        do {
            let service = try make(home, plan, logger)
            var configuration = ServiceGroupConfiguration(
                services: [.init(service: service, successTerminationBehavior: .gracefullyShutdownGroup)],
                gracefulShutdownSignals: [.sigterm, .sigint],
                logger: Logger(label: "lifecycle") { _ in SwiftLogNoOpLogHandler() })
            configuration.maximumGracefulShutdownDuration = part == .supervisor ? .seconds(25) : .seconds(12)
            try await ServiceGroup(configuration: configuration).run()
        } catch {
            let failure = CommandFailure(error)
            logger.critical("The process cannot go on", metadata: ["error": "\(failure.message)"])
            throw CommandFailure(code: failure.code)
        }
        if let lock { _ = consume lock }
    }

    private func lockOrEnd() throws -> FileLock? {
        guard let lock = try FileLock(home.lock(part)) else {
            throw CommandFailure(.failure, "\(part) runs in \(home.path) already")
        }
        return lock
    }
}
