import Agent
import Executors
import Foundation
import GridIdentity
import GridModel
import Links
import Logging
import ServiceLifecycle

/// All nodes of a grid on which no agent runs, served by one process: a thread and a connection for each, one executor
/// for their `ssh` processes.
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
                if let ssh = node.ssh {
                    let road = sshRoad(node, ssh, processes, sockets)
                    group.addTask { try await service(node, road).run() }
                } else if let winrm = node.winrm {
                    let road = winrmRoad(node, winrm, processes)
                    group.addTask {
                        try await withThrowingTaskGroup(of: Void.self) { both in
                            defer { both.cancelAll() }
                            both.addTask { await road.run() }
                            try await service(node, road).run()
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        processes.stop()
    }

    private func sshRoad(
        _ node: GridPlan.PlannedNode, _ ssh: ReachOverSSH, _ processes: NodeExecutor, _ sockets: String
    ) -> SSHRoad {
        let settings = SSHSettings(
            node: NodeName(checked: node.name), address: node.address, port: ssh.port, user: ssh.user, key: ssh.key,
            knownHosts: ssh.knownHosts, gridKnownHosts: home.knownHosts, tag: tag(node.name), socketFolder: sockets)
        return SSHRoad(settings: settings, processes: processes, environment: Self.environment)
    }

    private func winrmRoad(
        _ node: GridPlan.PlannedNode, _ winrm: ReachOverWinRM, _ processes: NodeExecutor
    ) -> WinRMRoad {
        WinRMRoad(node: WinRMNode(name: NodeName(checked: node.name), tag: tag(node.name)), timers: processes) {
            try await winrm.settings(address: node.address)
        }
    }

    private func service(_ node: GridPlan.PlannedNode, _ road: some Road) -> RoadService {
        RoadService(
            settings: plan.agentSettings(node, home: home),
            credentials: CertificateFiles(folder: home.node(node.name) + "/pki"), road: road, logger: logger
        ) { [home, logger] state in
            // The last reason stands until the road is open: between two tries there is nothing better to say.
            if case .opening = state, RoadRecord.read(node.name, in: home) != nil { return }
            do {
                try JSONFile.write(RoadRecord(state), to: home.road(node.name))
            } catch {
                logger.error("The state of a road cannot be written", metadata: ["error": "\(error)"])
            }
        }
    }

    /// Nobody else's: the authority's own key is in it.
    private func tag(_ node: String) -> String {
        let seed = Folders.read("\(home.authorityFolder)/ca.pem") ?? Array(home.path.utf8)
        return "\(plan.cluster)-\(node)-\(Hexadecimal.encode(SHA256Digest.of(seed).prefix(6)))"
    }

    /// What OpenSSH needs of ours, and nothing else.
    private static let environment: [String: String] = {
        var variables = BaseEnvironment.ofThisProcess().variables
        if let agent = environmentValue("SSH_AUTH_SOCK") { variables["SSH_AUTH_SOCK"] = agent }
        return variables
    }()

    /// Short, because a socket's path must be. What a killed predecessor left is removed.
    private func socketFolder() -> String? {
        let record = "\(home.path)/links/sockets"
        if let old = Folders.readText(record), old.hasPrefix("/tmp/noizylab-"), !old.contains("..") {
            Folders.remove(old)
        }
        var template = Array("/tmp/noizylab-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { return nil }
        let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return Folders.write(Array(path.utf8), to: record) ? path : nil
    }
}
