import Executors
import Foundation
import GridIdentity
import GridLogic
import GridModel
import GridWire

/// What the older contract asks about the grid: its health, its state, its inventory.
extension GridOperations {
    /// `nodeID` empty: the coordinator.
    func legacyHealth(of nodeID: String) async throws(OperationError) -> Noizylab_Grid_HealthCheckResponse {
        let status = try await currentStatus()
        var response = Noizylab_Grid_HealthCheckResponse()
        response.timestampMs = status.now.milliseconds
        let isCoordinator = nodeID.isEmpty
        let name = isCoordinator ? settings.node.text : nodeID
        let view = status.nodes.first { $0.node.name.text == name }
        response.nodeID = name
        if isCoordinator {
            response.isHealthy = status.store == .well && !loop.isStopping
            let living: [TaskState] = [.assigned, .running]
            response.activeTasks = Int32(clamping: living.reduce(0) { $0 + (status.tasks[$1] ?? 0) })
            if case .failing(let why) = status.store { response.errorLogs.append("The store takes no commit: \(why)") }
            if status.failoversPaused { response.errorLogs.append("Failovers are paused: too many nodes are silent.") }
            for node in status.nodes where !node.node.isExternal && node.liveness != .online {
                response.errorLogs.append("Node \(node.node.name) is \(node.liveness.rawValue).")
            }
        } else {
            guard let view else { throw .refused(.noSuchNode(nodeID)) }
            response.isHealthy = view.liveness == .online
            response.activeTasks = Int32(clamping: view.runningAttempts)
            if view.liveness != .online { response.errorLogs.append("Node \(name) is \(view.liveness.rawValue).") }
        }
        if let sample = view?.sample {
            response.cpuUsage = Float(min(max(sample.cpuPercent, 0), 100))
            response.memoryUsage = Float(min(max(sample.memoryPercent, 0), 100))
        } else if isCoordinator {
            (response.cpuUsage, response.memoryUsage) = OwnLoad.percentages()
        }
        return response
    }

    /// The coordinator as a participant of `SyncAgentState`.
    func ownState() async throws(OperationError) -> Noizylab_Grid_AgentStateUpdate {
        let status = try await currentStatus()
        var update = Noizylab_Grid_AgentStateUpdate()
        update.agentID = settings.node.text
        update.state = loop.isStopping ? "stopping" : status.store == .well ? "ready" : "degraded"
        update.timestampMs = status.now.milliseconds
        update.context = [
            "role": "coordinator", "cluster": settings.cluster,
            "nodes_online": "\(status.nodes.count { $0.liveness == .online && !$0.node.isExternal })",
            "tasks_queued": "\(status.tasks[.queued] ?? 0)", "tasks_running": "\(status.tasks[.running] ?? 0)",
        ]
        return update
    }

    /// Links are those between the coordinator and each connected node. Their latency is the round trip of the last
    /// heartbeat, their bandwidth the highest rate at which output has come over them (0: none came yet), their medium
    /// what both ends know of it.
    func inventory(
        _ caller: Caller, isDetailed: Bool
    ) async throws(OperationError) -> Noizylab_Grid_NetworkInventoryResponse {
        let status = try await status(caller)
        var response = Noizylab_Grid_NetworkInventoryResponse()
        response.timestampMs = status.now.milliseconds
        response.nodes = status.nodes.map { Noizylab_Grid_NodeIdentity($0, isDetailed: isDetailed) }
        if !status.nodes.contains(where: { $0.node.name == settings.node }) {
            var own = Noizylab_Grid_NodeIdentity()
            own.nodeID = settings.node.text
            own.ipAddress = "127.0.0.1"
            own.role = "coordinator"
            own.state = "online"
            response.nodes.append(own)
        }
        for view in status.nodes where view.node.name != settings.node {
            guard let session = loop.links.newest(of: view.node.name), let sample = view.sample else { continue }
            var link = Noizylab_Grid_NetworkLink()
            link.fromNode = settings.node.text
            link.toNode = view.node.name.text
            link.latencyMs = Float(sample.roundTripMicroseconds) / 1_000
            link.bandwidthMbps = Float(session.peakMegabits)
            link.jitterMs = Float(session.jitterMicroseconds / 1_000)
            link.isEncrypted = true
            link.link = view.node.link.rawValue
            link.encryption = view.node.link.encryption
            link.medium = await Self.medium(of: view.node)?.rawValue ?? ""
            response.links.append(link)
        }
        response.networkConfig = [
            "cluster": settings.cluster, "coordinator": settings.node.text, "listen": boundAddresses.listen,
            "edge": boundAddresses.edge, "transport": "gRPC over HTTP/2, mutual TLS 1.3", "heartbeat_ms": "500",
            "latency": "round trip of the last heartbeat", "bandwidth": "highest rate seen; 0 when nothing was moved",
        ]
        return response
    }
}

extension LinkKind {
    /// By what it is encrypted, in words.
    fileprivate var encryption: String {
        switch self {
        case .local, .agent: "mutual TLS"
        case .ssh: "SSH"
        case .winrm: "WinRM, over TLS or sealed"
        }
    }
}

extension GridOperations {
    private static func medium(of node: Node) async -> LinkMedium? {
        let theirs = node.inventory.capabilities["medium"].flatMap(LinkMedium.init)
        return LinkMedium.of(await MediumProbe.towards(node.address), theirs)
    }
}

extension Noizylab_Grid_NodeIdentity {
    init(_ view: NodeView, isDetailed: Bool) {
        self.init()
        let node = view.node
        nodeID = node.name.text
        let (host, port) = Self.split(node.address)
        ipAddress = host
        self.port = port
        os = node.inventory.os
        role = node.role.text
        capabilities = node.inventory.capabilities
        state = node.isExternal ? "external" : view.liveness.rawValue
        guard isDetailed, !node.isExternal else { return }
        capabilities["cores"] = "\(node.inventory.cores)"
        capabilities["memory_bytes"] = "\(node.inventory.memoryBytes)"
        capabilities["arch"] = node.inventory.arch
        capabilities["running"] = "\(view.runningAttempts)"
        if let sample = view.sample {
            capabilities["cpu_percent"] = "\(sample.cpuPercent)"
            capabilities["memory_percent"] = "\(sample.memoryPercent)"
            capabilities["load1"] = "\(sample.load1)"
        }
    }

    /// An external node's address is kept as HOST:PORT.
    private static func split(_ address: String) -> (host: String, port: Int32) {
        guard let colon = address.lastIndex(of: ":"), let port = Int32(address[address.index(after: colon)...]) else {
            return (address, 0)
        }
        var host = String(address[..<colon])
        if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        // A bare IPv6 address holds colons of its own.
        return host.contains(":") && !address.hasPrefix("[") ? (address, 0) : (host, port)
    }

    func externalNode() throws(OperationError) -> Node {
        var violations: [Refusal.Violation] = []
        let name = NodeName(nodeID)
        if name == nil {
            violations.append(
                .init(
                    field: "node_id", description: "must be 1 to 63 letters, digits, '.', '_' or '-'"))
        }
        if !(0...65_535).contains(port) {
            violations.append(.init(field: "port", description: "must be 0 ... 65535"))
        }
        if role.utf8.count > 63 { violations.append(.init(field: "role", description: "must have at most 63 bytes")) }
        if ipAddress.utf8.count > 253 {
            violations.append(.init(field: "ip_address", description: "must have at most 253 bytes"))
        }
        let size = capabilities.reduce(0) { $0 + $1.key.utf8.count + $1.value.utf8.count }
        if capabilities.count > 256 || size > 64 * 1024 {
            violations.append(
                .init(field: "capabilities", description: "must be at most 256, of 64 KiB together"))
        }
        guard let name, violations.isEmpty else { throw .refused(.invalid(violations)) }
        let host = ipAddress.contains(":") ? "[\(ipAddress)]" : ipAddress
        return Node(
            name: name, role: NodeRole(role), address: port == 0 ? ipAddress : "\(host):\(port)",
            inventory: NodeInventory(os: String(os.prefix(63)), capabilities: capabilities), isExternal: true)
    }
}
