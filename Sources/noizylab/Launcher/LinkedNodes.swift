import Agent
import Executors
import Foundation
import GridIdentity
import GridModel
import Links
import Logging
import ServiceLifecycle

/// All nodes of a grid on which no agent runs, served by one process: a thread and a connection for each, one executor
/// for their `ssh` processes. Puts agents on the machines that are to have one, too.
struct LinkedNodes: Service {
    let home: HomeFolder
    let plan: GridPlan
    let logger: Logger

    func run() async throws {
        let (work, records) = ("\(home.path)/links/work", "\(home.path)/links/attempts")
        guard Folders.make(work), Folders.make(records), let sockets = socketFolder() else {
            throw CommandFailure(.failure, "cannot make the folders of the links in \(home.path)")
        }
        defer { Folders.remove(sockets) }
        _ = OrphanSweep(workFolder: work, recordsFolder: records).run()
        let processes = NodeExecutor(
            settings: ExecutorSettings(node: NodeName(checked: plan.node), workFolder: work, recordsFolder: records))
        try await withThrowingTaskGroup(of: Void.self) { group in
            for node in plan.linkedNodes {
                let service = service(node, processes, sockets)
                group.addTask { try await service.run() }
            }
            for node in plan.installedNodes {
                guard let road = node.installation else { continue }
                let installer = AgentInstaller(
                    home: home, plan: plan, node: node, errand: .of(road, of: node.name, home: home),
                    script: .of(node.name, plan: plan, home: home), logger: logger)
                group.addTask { await cancelWhenGracefulShutdown { await installer.run() } }
            }
            try await group.waitForAll()
        }
        processes.stop()
    }

    private func service(
        _ node: GridPlan.PlannedNode, _ processes: NodeExecutor, _ sockets: String
    ) -> RoadService {
        let roads = (node.roads ?? []).enumerated().compactMap { index, planned in
            road(planned, number: index, of: node.name, processes, sockets)
        }
        return RoadService(
            settings: plan.agentSettings(node, home: home),
            credentials: CertificateFiles(folder: home.node(node.name) + "/pki"), roads: roads, logger: logger
        ) { [home, logger] states in
            do {
                try JSONFile.write(RoadRecord(states), to: home.road(node.name))
            } catch {
                logger.error("The state of a road cannot be written", metadata: ["error": "\(error)"])
            }
        }
    }

    /// Nil for a kind of road that a newer version planned.
    private func road(
        _ planned: PlannedRoad, number: Int, of node: String, _ processes: NodeExecutor, _ sockets: String
    ) -> NamedRoad? {
        let tag = LinkTag.of(node, plan: plan, home: home) + (number == 0 ? "" : "-\(number)")
        if let winrm = planned.winrm {
            let address = planned.address
            let road = WinRMRoad(node: WinRMNode(name: NodeName(checked: node), tag: tag), timers: processes) {
                try await winrm.settings(address: address)
            }
            return NamedRoad(name: planned.name, road: road) { await road.run() }
        }
        guard planned.ssh != nil else { return nil }
        return NamedRoad(
            name: planned.name,
            road: SSHRoad(
                settings: planned.settings(
                    node: node, gridKnownHosts: home.knownHosts, tag: tag, socketFolder: sockets), processes: processes,
                environment: Self.environment))
    }

    /// What OpenSSH needs of ours, and nothing else.
    static let environment: [String: String] = {
        var variables = BaseEnvironment.ofThisProcess().variables
        if let agent = environmentValue("SSH_AUTH_SOCK") { variables["SSH_AUTH_SOCK"] = agent }
        return variables
    }()

    static let socketPrefix = "/tmp/noizylab-"

    private static func socketRecord(_ home: HomeFolder) -> String { "\(home.path)/links/sockets" }

    /// The folder of the sockets, as it was written down.
    static func recordedSockets(_ home: HomeFolder) -> String? {
        guard let path = Folders.readText(socketRecord(home)), path.hasPrefix(socketPrefix), !path.contains("..") else {
            return nil
        }
        return path
    }

    /// Short, because a socket's path must be. What a killed predecessor left is removed.
    private func socketFolder() -> String? {
        if let old = Self.recordedSockets(home) { Folders.remove(old) }
        guard let path = Folders.makeTemporary(Self.socketPrefix) else { return nil }
        return Folders.write(Array(path.utf8), to: Self.socketRecord(home)) ? path : nil
    }
}

/// What a node is called on its own machine: no other grid's node has the same tag.
enum LinkTag {
    /// The authority's own key is in it.
    static func of(_ node: String, plan: GridPlan, home: HomeFolder) -> String {
        let seed = Folders.read("\(home.authorityFolder)/ca.pem") ?? Array(home.path.utf8)
        return "\(plan.cluster)-\(node)-\(Hexadecimal.encode(SHA256Digest.of(seed).prefix(6)))"
    }
}

extension PlannedRoad {
    func settings(node: String, gridKnownHosts: String, tag: String = "", socketFolder: String = "") -> SSHSettings {
        SSHSettings(
            node: NodeName(checked: node), address: address, port: ssh?.port, user: ssh?.user ?? "",
            key: ssh?.key ?? "", knownHosts: ssh?.knownHosts ?? "",
            gridKnownHosts: gridKnownHosts, tag: tag, socketFolder: socketFolder)
    }
}
