import GridLogic
import GridModel
import NoizyClient

/// The grid of a home as it was decided at its start: what every process of it reads, so that a part that is started
/// again is started the same. Kept in `run/grid.json`.
struct GridPlan: Codable, Sendable, Hashable {
    struct PlannedNode: Codable, Sendable, Hashable {
        var name: String
        var role: String
        var link: String
        var address: String
        /// Its agent is one of this machine's processes.
        var isHere: Bool
        /// Nil: it takes unsigned tasks too, and trusts the signers of the home's file alone.
        var requiresSignatures: Bool?
        var trustedKeys: [String]?
        /// What its owner says of it, and what is counted there; nil: nothing.
        var labels: [String: String]?
        var resources: [String: Int64]?
        /// The ways to a node without an agent, which `links` serves from this machine; nil or empty: an agent runs there.
        var roads: [PlannedRoad]?

        /// How `links` reaches the machine to put an agent there; nil: it is put there by hand, or is here.
        var installation: PlannedRoad?

        /// The way in over SSH: the first by which it is served, or the one by which an agent is put there.
        var roadOverSSH: PlannedRoad? { (roads ?? []).first { $0.ssh != nil } ?? installation }

        var hasRoads: Bool { roads?.isEmpty == false }
    }

    var cluster: String
    /// The coordinator's node.
    var node: String
    /// False on a machine that joined another's grid: only its agent runs here.
    var hasCoordinator: Bool
    /// Where agents of this machine, and its command line, dial.
    var coordinatorHost: String
    var listenHost: String
    var listenPort: Int
    var edgeHost: String
    var edgePort: Int
    var names: [String]
    var nodes: [PlannedNode]
    /// See `ConfigKey`.
    var numbers: [String: Int64]
    var isLab: Bool
    /// A `PlacementRule`; nil in plans of older versions.
    var placement: String?
    /// A `RiskRule`; nil in plans of older versions.
    var risk: String?

    var coordinator: GridEndpoint { GridEndpoint(host: coordinatorHost, port: listenPort) }
    var edge: GridEndpoint { GridEndpoint(host: Self.loopback(for: edgeHost), port: edgePort) }
    var parts: [GridPart] {
        (hasCoordinator ? [.coordinator] : []) + nodes.filter(\.isHere).map { .agent($0.name) }
            + (linkedNodes.isEmpty && installedNodes.isEmpty ? [] : [.links])
    }
    /// - Throws: `CommandFailure` with the nearest name, when it has none of that name.
    func node(named name: String) throws -> PlannedNode {
        guard let node = nodes.first(where: { $0.name == name }) else {
            throw CommandFailure.unknownNode(name, known: nodes.map(\.name))
        }
        return node
    }

    var ownNodes: [PlannedNode] { nodes.filter(\.isHere) }
    /// Those without an agent.
    var linkedNodes: [PlannedNode] { nodes.filter(\.hasRoads) }
    /// Those on which `links` puts an agent.
    var installedNodes: [PlannedNode] { nodes.filter { $0.installation != nil } }
}

extension GridPlan {
    /// A grid as configured: the local nodes' agents run here.
    init(_ config: GridConfig) {
        self.init(
            cluster: config.cluster, node: config.node.text, hasCoordinator: true,
            coordinatorHost: Self.loopback(for: config.listen.host), listenHost: config.listen.host,
            listenPort: config.listen.port, edgeHost: config.edge.host, edgePort: config.edge.port,
            names: config.names,
            nodes: config.nodes.map {
                PlannedNode(
                    name: $0.name.text, role: $0.role, link: $0.link.rawValue, address: $0.address,
                    isHere: $0.link == .local, requiresSignatures: $0.requiresSignatures ? true : nil,
                    trustedKeys: $0.trustedKeys.isEmpty ? nil : $0.trustedKeys,
                    labels: $0.labels.isEmpty ? nil : $0.labels, resources: $0.resources.isEmpty ? nil : $0.resources,
                    roads: $0.roads.isEmpty ? nil : $0.roads, installation: $0.installation)
            },
            numbers: config.numbers, isLab: false, placement: config.placement.rawValue,
            risk: config.risk.rawValue)
    }

    /// Several nodes on this machine, over loopback, to try failover.
    static func lab(nodes count: Int, cluster: String = "NOIZYLAB", listenPort: Int, edgePort: Int) -> GridPlan {
        let nodes = (0..<count).map { index in
            let (name, role) = index < labNodes.count ? labNodes[index] : ("Node-\(index + 1)", "compute")
            return PlannedNode(
                name: name, role: role, link: index == 0 ? "local" : "agent", address: "127.0.0.1", isHere: true)
        }
        return GridPlan(
            cluster: cluster, node: nodes[0].name, hasCoordinator: true, coordinatorHost: "127.0.0.1",
            listenHost: "127.0.0.1", listenPort: listenPort, edgeHost: "127.0.0.1", edgePort: edgePort, names: [],
            nodes: nodes, numbers: [:], isLab: true)
    }

    /// A machine that joined: its agent alone.
    init(_ join: JoinedGrid) {
        self.init(
            cluster: join.cluster, node: "", hasCoordinator: false, coordinatorHost: join.host, listenHost: "",
            listenPort: join.port, edgeHost: join.host, edgePort: join.edgePort ?? 0, names: [],
            nodes: [
                PlannedNode(
                    name: join.node, role: join.role, link: "agent", address: "", isHere: true,
                    requiresSignatures: join.requiresSignatures, labels: join.labels, resources: join.resources)
            ],
            numbers: [:], isLab: false)
    }

    /// How a listener is reached from its own machine.
    static func loopback(for host: String) -> String {
        switch host {
        case "0.0.0.0": "127.0.0.1"
        case "::": "::1"
        default: host
        }
    }

    private static let labNodes = [("M2-Ultra", "primary"), ("HP-OMEN", "compute"), ("Mac-Pro", "secondary")]
}

/// What `noizylab join` learned: whose grid this machine is in. Kept in `joined.json`.
struct JoinedGrid: Codable, Sendable {
    var cluster: String
    var node: String
    var role: String
    var host: String
    var port: Int
    /// Nil: it takes unsigned tasks too.
    var requiresSignatures: Bool?
    /// Where it joined; a machine that joined long ago did not write it down.
    var edgePort: Int?
    /// What its owner says of it, and what is counted there; nil: nothing.
    var labels: [String: String]?
    var resources: [String: Int64]?
}

/// The ports that a home's lab took, so that it has the same ones next time. Kept in `lab.json`.
struct LabPorts: Codable, Sendable {
    var nodes: Int
    var listen: Int
    var edge: Int
}
