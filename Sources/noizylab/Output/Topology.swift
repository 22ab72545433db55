import GridWire

/// What the grid says of its nodes and links, as a drawing and as a document.
struct Topology {
    let inventory: Noizylab_Grid_NetworkInventoryResponse
    let nodes: [Noizylab_Grid_NodeInfo]

    private var coordinator: String { inventory.networkConfig["coordinator"] ?? "" }

    var drawing: TopologyDrawing {
        let links = Dictionary(inventory.links.map { ($0.toNode, $0) }, uniquingKeysWith: { $1 })
        let branches = nodes.filter { $0.name != coordinator }.map { node in
            let link = links[node.name]
            return TopologyDrawing.Branch(
                name: node.name, state: node.isExternal ? "external" : node.state,
                link: node.isExternal ? "external" : node.link, address: node.address,
                roundTrip: link.flatMap { Self.measured($0.latencyMs) }, jitter: link.map { Double($0.jitterMs) },
                megabits: link.flatMap { Self.measured($0.bandwidthMbps) }, medium: link?.medium ?? "",
                encryption: link?.encryption ?? "")
        }
        return TopologyDrawing(
            cluster: inventory.networkConfig["cluster"] ?? "", coordinator: coordinator, branches: branches)
    }

    var json: JSONValue {
        .object([
            "cluster": JSONValue(inventory.networkConfig["cluster"]), "coordinator": .string(coordinator),
            "nodes": .array(
                nodes.map {
                    .object([
                        "name": .string($0.name), "state": .string($0.isExternal ? "external" : $0.state),
                        "address": .string($0.address), "link": .string($0.link),
                    ])
                }),
            "links": .array(
                inventory.links.map { link in
                    .object([
                        "from": .string(link.fromNode), "to": .string(link.toNode), "link": .string(link.link),
                        "latency_ms": Self.number(link.latencyMs),
                        "jitter_ms": .double(Self.rounded(Double(link.jitterMs))),
                        "bandwidth_mbps": Self.number(link.bandwidthMbps),
                        "medium": link.medium.isEmpty ? .null : .string(link.medium),
                        "encrypted": .bool(link.isEncrypted), "encryption": .string(link.encryption),
                    ])
                }),
        ])
    }

    /// On the wire 0 says that nothing was measured.
    private static func measured(_ value: Float) -> Double? { value > 0 ? Double(value) : nil }

    private static func number(_ value: Float) -> JSONValue {
        measured(value).map { .double(rounded($0)) } ?? .null
    }

    private static func rounded(_ value: Double) -> Double { (value * 1_000).rounded() / 1_000 }
}
