import GridWire

/// All about one node, for people.
struct NodeDetails {
    let info: Noizylab_Grid_NodeInfo
    /// What this machine knows of its roads, when it is the one that takes them.
    var record: RoadRecord?

    func print(to console: Console) {
        for (name, value) in rows where !value.isEmpty {
            let padding = String(repeating: " ", count: max(1, 14 - name.count))
            console.print(console.style.paint(name, .heading) + padding + TerminalText.oneLine(value))
        }
    }

    /// What is the matter with it; empty when nothing is.
    private var health: String {
        var parts: [String] = []
        if !info.trouble.isEmpty { parts.append(info.trouble) }
        if info.isSlow { parts.append("slow: it answers in \(info.answerMs) ms") }
        if info.quarantineMs > 0 {
            let left = TimeText.took(milliseconds: info.quarantineMs)
            parts.append("quarantined for another \(left) (noizylab node release \(info.name))")
        }
        if !info.barredTypes.isEmpty {
            parts.append("no \(info.barredTypes.joined(separator: ", ")) for now, which failed there and not elsewhere")
        }
        if info.isDrainedForRisk {
            parts.append("drained for its risk until that is past (noizylab node release \(info.name))")
        } else if info.isAvoided {
            parts.append("avoided for its risk while another node is open (noizylab node release \(info.name))")
        }
        if info.drainMs > 0 { parts.append("what runs is moved in \(TimeText.took(milliseconds: info.drainMs))") }
        return parts.joined(separator: "; ")
    }

    /// `high, 0.87`, then a row for each reason.
    private var riskRows: [(String, String)] {
        guard !info.riskLevel.isEmpty else { return [] }
        let risk = (info.risk * 100).rounded() / 100
        return [("risk", info.riskLevel + (risk > 0 ? ", \(risk)" : ""))]
            + info.riskEvidence.map { evidence in
                (
                    "",
                    "\(evidence.metric): \(evidence.detail), since \(TimeText.iso(microseconds: evidence.sinceUs) ?? "?")"
                )
            }
    }

    /// `in use: ssh studio@192.168.1.21, open`, `closed: ssh …: the reason (try: …)`.
    private static func road(_ road: Noizylab_Grid_NodeRoad) -> String {
        let condition = road.condition + (road.isInUse ? ", in use" : "")
        let why = road.reason.isEmpty ? "" : ": \(road.reason)" + (road.remedy.isEmpty ? "" : " (try: \(road.remedy))")
        return "\(road.name), \(condition)\(why)"
    }

    var rows: [(String, String)] {
        let (inventory, sample) = (info.inventory, info.sample)
        var rows: [(String, String)] = [
            ("node", info.name), ("role", info.role), ("link", info.link),
            ("state", info.state + (info.schedulability == "open" ? "" : ", \(info.schedulability)")),
            ("health", health),
        ]
        rows += riskRows
        if let reason = record?.reason {
            rows.append(("unreachable", reason + (record?.remedy.map { " (try: \($0))" } ?? "")))
        }
        rows += info.roads.enumerated().map { ($0 == 0 ? "roads" : "", Self.road($1)) }
        rows += [
            ("address", info.address), ("host", inventory.hostname),
            ("system", "\(inventory.os) \(inventory.osVersion), \(inventory.arch)"),
            ("cores", inventory.cores == 0 ? "" : "\(inventory.cores)"),
            ("memory", inventory.memoryBytes == 0 ? "" : TimeText.bytes(inventory.memoryBytes)),
            ("disk", inventory.diskBytes == 0 ? "" : TimeText.bytes(inventory.diskBytes)),
        ]
        for gpu in inventory.gpus {
            rows.append(("gpu \(gpu.index)", "\(gpu.model), \(TimeText.bytes(gpu.memoryBytes))"))
        }
        rows += [
            ("labels", Declarations.text(info.labels)), ("resources", Declarations.text(inventory.custom)),
            ("agent", inventory.agentVersion), ("running", "\(info.running)"), ("reserved", NodeListing.reserved(info)),
        ]
        if info.hasSample {
            rows += [
                (
                    "load",
                    "cpu \(TimeText.percent(sample.cpuPercent)), memory \(TimeText.percent(sample.memoryPercent)), load \(sample.load1)"
                ),
                (
                    "free",
                    "\(TimeText.bytes(sample.memoryAvailableBytes)) of memory, \(TimeText.bytes(sample.diskFreeBytes)) of disk"
                ),
                ("latency", "\(Double(sample.roundTripUs) / 1_000) ms"),
            ]
        }
        rows.append(("heard", info.silentMs < 0 ? "never" : "\(TimeText.took(milliseconds: info.silentMs)) ago"))
        rows.append(("clock", "\(Double(info.skewUs) / 1_000) ms off the coordinator's"))
        rows.append(
            (
                "has",
                inventory.capabilities.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(
                    separator: ", ")
            ))
        return rows
    }
}

/// How busy nodes are, with bars.
enum NodeLoadTable {
    static func make(_ nodes: [Noizylab_Grid_NodeInfo]) -> Table {
        var table = Table(
            .init("NODE"), .init("STATE"), .init("CPU"), .init("MEMORY"), .init("LOAD", .right),
            .init("RUNNING", .right), .init("RESERVED"), .init("GPU"))
        for node in nodes {
            let gpus = node.sample.gpus.map { TimeText.percent($0.utilizationPercent) }.joined(separator: " ")
            table.add(
                .init(node.name), .init(node.state, .ofNode(node.state)),
                .init(node.hasSample ? bar(node.sample.cpuPercent) : "-"),
                .init(node.hasSample ? bar(node.sample.memoryPercent) : "-"),
                .init(node.hasSample ? "\((node.sample.load1 * 100).rounded() / 100)" : "-"), .init("\(node.running)"),
                .init(NodeListing.reserved(node)), .init(gpus.isEmpty ? "-" : gpus))
        }
        return table
    }

    /// `▇▇▇▁▁▁▁▁▁▁  31%`.
    static func bar(_ percent: Double) -> String {
        let filled = Int((min(max(percent, 0), 100) / 10).rounded())
        let text = TimeText.percent(percent)
        return String(repeating: "▇", count: filled) + String(repeating: "▁", count: 10 - filled)
            + String(repeating: " ", count: max(1, 5 - text.count)) + text
    }
}
