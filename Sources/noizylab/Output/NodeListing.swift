import GridModel
import GridWire

/// Nodes as tables and documents.
struct NodeListing {
    private let nodes: [Noizylab_Grid_NodeInfo]
    private let awaited: [GridPlan.PlannedNode]
    private let port: Int
    private let now: Int64

    /// `port`: of the listener that the links use. `awaited`: configured nodes that were never heard of.
    init(_ nodes: [Noizylab_Grid_NodeInfo], awaited: [GridPlan.PlannedNode] = [], port: Int, now: Int64) {
        self.nodes = nodes
        self.awaited = awaited
        self.port = port
        self.now = now
    }

    var listing: Listing {
        Listing(table: table, wide: wide, documents: nodes.map(Self.document), names: nodes.map(\.name))
    }

    var table: Table {
        var table = Table(
            .init("NODE"), .init("ROLE"), .init("STATE"), .init("LINK"), .init("ADDRESS"), .init("CPU", .right),
            .init("MEMORY", .right), .init("RUNNING", .right))
        for node in nodes {
            table.add(
                .init(node.name), .init(node.role), state(node), .init(node.link), .init(address(node)),
                .init(Self.cpu(node)), .init(Self.memory(node)), .init("\(node.running)"))
        }
        for node in awaited {
            table.add(
                .init(node.name), .init(node.role), .init("awaited", .quiet), .init(node.link), .init(node.address),
                .init("-"), .init("-"), .init("-"))
        }
        return table
    }

    private var wide: Table {
        var table = Table(
            .init("NODE"), .init("ROLE"), .init("STATE"), .init("LINK"), .init("ADDRESS"), .init("CPU", .right),
            .init("MEMORY", .right), .init("RUNNING", .right), .init("CORES", .right), .init("RESERVED"),
            .init("GPUS"), .init("OS"), .init("LATENCY", .right), .init("SKEW", .right), .init("HEARD"),
            .init("AGENT"))
        for node in nodes {
            table.add(
                .init(node.name), .init(node.role), state(node), .init(node.link), .init(address(node)),
                .init(Self.cpu(node)), .init(Self.memory(node)), .init("\(node.running)"),
                .init("\(node.inventory.cores)"), .init(Self.reserved(node)), .init(Self.gpus(node)),
                .init("\(node.inventory.os) \(node.inventory.osVersion) \(node.inventory.arch)"),
                .init(Self.latency(node).map { "\(Self.rounded($0)) ms" } ?? "-"),
                .init("\(Self.rounded(Double(node.skewUs) / 1_000)) ms"),
                .init(
                    node.silentMs < 0
                        ? "never" : node.silentMs < 2_000 ? "now" : "\(TimeText.rough(milliseconds: node.silentMs)) ago"
                ),
                .init(node.inventory.agentVersion))
        }
        return table
    }

    /// The state in words, with what its owner said of it.
    private func state(_ node: Noizylab_Grid_NodeInfo) -> Table.Cell {
        if node.isRevoked { return .init("\(node.state), revoked", .warning) }
        guard node.schedulability != "open", !node.schedulability.isEmpty else {
            return .init(node.state, .ofNode(node.state))
        }
        let isDrained = node.schedulability == "draining" && node.running == 0
        return .init("\(node.state), \(isDrained ? "drained" : node.schedulability)", .warning)
    }

    private func address(_ node: Noizylab_Grid_NodeInfo) -> String {
        let address = node.address.isEmpty ? "-" : node.address
        return node.isExternal || !Self.dialsIn(node) || port == 0 ? address : "\(address) :\(port)"
    }

    /// Others are dialled, at a port of their own.
    private static func dialsIn(_ node: Noizylab_Grid_NodeInfo) -> Bool {
        [LinkKind.local.rawValue, LinkKind.agent.rawValue].contains(node.link)
    }

    private static func cpu(_ node: Noizylab_Grid_NodeInfo) -> String {
        node.hasSample ? TimeText.percent(node.sample.cpuPercent) : "-"
    }

    private static func memory(_ node: Noizylab_Grid_NodeInfo) -> String {
        node.hasSample ? TimeText.percent(node.sample.memoryPercent) : "-"
    }

    private static func gpus(_ node: Noizylab_Grid_NodeInfo) -> String {
        node.inventory.gpus.isEmpty ? "-" : node.inventory.gpus.map(\.model).joined(separator: ", ")
    }

    static func reserved(_ node: Noizylab_Grid_NodeInfo) -> String {
        var parts: [String] = []
        if node.reserved.cpuMillis > 0 { parts.append("\(rounded(Double(node.reserved.cpuMillis) / 1_000)) cores") }
        if node.reserved.memoryBytes > 0 { parts.append(TimeText.bytes(node.reserved.memoryBytes)) }
        if node.reserved.gpus > 0 { parts.append("\(node.reserved.gpus) GPUs") }
        for (name, count) in node.reserved.custom.sorted(by: { $0.key < $1.key }) { parts.append("\(count) \(name)") }
        return parts.isEmpty ? "-" : parts.joined(separator: ", ")
    }

    /// Milliseconds there and back; nil before the first heartbeat was answered.
    private static func latency(_ node: Noizylab_Grid_NodeInfo) -> Double? {
        node.hasSample && node.sample.roundTripUs > 0 ? Double(node.sample.roundTripUs) / 1_000 : nil
    }

    private static func rounded(_ value: Double) -> Double { (value * 100).rounded() / 100 }

    static func document(_ node: Noizylab_Grid_NodeInfo) -> JSONValue {
        let samples = Dictionary(node.sample.gpus.map { ($0.index, $0) }, uniquingKeysWith: { $1 })
        return .object([
            "name": .string(node.name),
            "role": .string(node.role),
            "link": .string(node.link),
            "state": .string(node.state),
            "os": .string(node.inventory.os),
            "arch": .string(node.inventory.arch),
            "address": .string(node.address),
            "latency_ms": latency(node).map { .double(rounded($0)) } ?? .null,
            "cpu": node.hasSample ? .double(rounded(node.sample.cpuPercent)) : .null,
            "memory": node.hasSample ? .double(rounded(node.sample.memoryPercent)) : .null,
            "gpus": .array(
                node.inventory.gpus.map { gpu in
                    .object([
                        "index": JSONValue(gpu.index),
                        "model": .string(gpu.model),
                        "memory_bytes": JSONValue(gpu.memoryBytes),
                        "utilization": samples[gpu.index].map { .double(rounded($0.utilizationPercent)) } ?? .null,
                        "memory_used_bytes": JSONValue(samples[gpu.index]?.memoryUsedBytes),
                        "temperature": samples[gpu.index].map { .double(rounded($0.temperatureCelsius)) } ?? .null,
                    ])
                }),
            "running": JSONValue(node.running),
            "schedulability": .string(node.schedulability), "revoked": .bool(node.isRevoked),
            "hostname": .string(node.inventory.hostname),
            "os_version": .string(node.inventory.osVersion),
            "cores": JSONValue(node.inventory.cores),
            "memory_bytes": JSONValue(node.inventory.memoryBytes),
            "disk_bytes": JSONValue(node.inventory.diskBytes),
            "load1": node.hasSample ? .double(rounded(node.sample.load1)) : .null,
            "silent_ms": node.silentMs < 0 ? .null : JSONValue(node.silentMs),
            "trouble": .string(node.trouble), "slow": .bool(node.isSlow), "answer_ms": JSONValue(node.answerMs),
            "quarantine_ms": JSONValue(node.quarantineMs), "drain_ms": JSONValue(node.drainMs),
            "barred_types": .array(node.barredTypes.map(JSONValue.string)),
            "risk": risk(node), "avoided": .bool(node.isAvoided), "drained_for_risk": .bool(node.isDrainedForRisk),
            "skew_ms": .double(rounded(Double(node.skewUs) / 1_000)),
            "reserved": resources(node.reserved),
            "capacity": resources(node.capacity),
            "agent_version": .string(node.inventory.agentVersion),
            "capabilities": .sorted(node.inventory.capabilities),
            "labels": .sorted(node.labels),
            "resources": .sorted(node.inventory.custom),
            "external": .bool(node.isExternal),
            "roads": .array(
                node.roads.map { road in
                    .object([
                        "name": .string(road.name), "condition": .string(road.condition),
                        "in_use": .bool(road.isInUse), "reason": .string(road.reason), "remedy": .string(road.remedy),
                    ])
                }),
        ])
    }

    /// Null before the first heartbeat.
    private static func risk(_ node: Noizylab_Grid_NodeInfo) -> JSONValue {
        guard !node.riskLevel.isEmpty else { return .null }
        return .object([
            "level": .string(node.riskLevel), "value": .double(rounded(node.risk)),
            "evidence": .array(
                node.riskEvidence.map { evidence in
                    .object([
                        "metric": .string(evidence.metric), "risk": .double(rounded(evidence.risk)),
                        "since_us": JSONValue(evidence.sinceUs), "detail": .string(evidence.detail),
                    ])
                }),
        ])
    }

    private static func resources(_ request: Noizylab_Grid_ResourceRequest) -> JSONValue {
        .object([
            "cpu": .double(Double(request.cpuMillis) / 1_000), "memory_bytes": JSONValue(request.memoryBytes),
            "gpus": JSONValue(request.gpus), "gpu_memory_bytes": JSONValue(request.gpuMemoryBytes),
            "custom": .sorted(request.custom),
        ])
    }
}
