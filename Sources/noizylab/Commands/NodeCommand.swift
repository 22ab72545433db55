import ArgumentParser
import GridModel
import GridWire
import NoizyClient
import UnixSignals

struct NodeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration.command(
        "node", "Look at machines, and look after them.",
        examples: ["node list", "node show Mac-Pro", "node drain HP-OMEN", "node top"],
        subcommands: [
            NodeListCommand.self, NodeShowCommand.self, NodeTopCommand.self, NodeDrainCommand.self,
            NodeUndrainCommand.self, NodeCordonCommand.self, NodeReleaseCommand.self, NodeRemoveCommand.self,
            NodeRevokeCommand.self, NodeTrustCommand.self, NodePendingCommand.self, NodeApproveCommand.self,
            NodeDenyCommand.self,
        ])
}

struct NodeListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration.command(
        "list", "List the nodes.",
        examples: ["node list", "node list --graph", "node list -o wide", "node list -o name"])

    @OptionGroup var options: GridOptions

    @Flag(help: "Draw the coordinator, the links and the nodes, with what was measured; -o json for programs.")
    var graph = false

    @OptionGroup var format: OutputOption

    func run() async throws {
        if graph { return try await draw() }
        let status = try await options.withGrid { try await $0.statusInfo() }
        NodeListing(status.nodes, port: GridEndpoint(status.listen)?.port ?? 0, now: status.nowUs).listing
            .print(as: format.output)
    }
}

extension NodeListCommand {
    private func draw() async throws {
        let topology = try await options.withGrid { grid in
            Topology(inventory: try await grid.networkInventory(), nodes: try await grid.nodeInfos())
        }
        switch format.output {
        case .json: Console.stdout.print(topology.json.pretty)
        case .ndjson: Console.stdout.print(topology.json.compact)
        case .table, .wide, .name:
            let console = Console.stdout
            for line in topology.drawing.lines(width: console.width, style: console.style) { console.print(line) }
        }
    }
}

struct NodeShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration.command(
        "show", "Show all about a node.", examples: ["node show Mac-Pro", "node show Mac-Pro -o json"])

    @OptionGroup var options: GridOptions

    @Argument(help: "The node's name.")
    var node: String

    @OptionGroup var format: DocumentOption

    func run() async throws {
        let nodes = try await options.withGrid { try await $0.nodeInfos() }
        guard let info = nodes.first(where: { $0.name == node }) else {
            throw CommandFailure.unknownNode(node, known: nodes.map(\.name))
        }
        switch format.output {
        case .json: Console.stdout.print(NodeListing.document(info).pretty)
        case .text:
            let record = info.state == "online" ? nil : RoadRecord.read(node, in: options.folder)
            NodeDetails(info: info, record: record).print(to: .stdout)
        }
    }
}

extension CommandFailure {
    static func unknownNode(_ name: String, known: [String]) -> CommandFailure {
        CommandFailure(
            .unreachable, "there is no node '\(name)'",
            try: NearestName.to(name, among: known).map { "'\($0)'" } ?? "noizylab node list")
    }
}

struct NodeTopCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration.command(
        "top", "Show how busy the nodes are, over and over.", examples: ["node top", "node top --every 5s"],
        discussion: "In a pipe it shows them once.")

    @OptionGroup var options: GridOptions

    @Option(
        help: ArgumentHelp("The time between looks (default: 1s).", valueName: "time"), transform: Arguments.duration)
    var every: Int64?

    func run() async throws {
        let console = Console.stdout
        let pause = max(100, every ?? 1_000)
        let interrupts = Interrupts()
        try await options.withGrid(patience: .seconds(30)) { grid in
            try await withThrowingTaskGroup(of: Void.self) { group in
                defer { group.cancelAll() }
                group.addTask {
                    while true {
                        let table = NodeLoadTable.make(try await grid.nodeInfos())
                        if console.isTerminal { console.write("\u{1B}[H\u{1B}[2J") }
                        console.write(table)
                        guard console.isTerminal else { return }
                        try await Task.sleep(for: .milliseconds(pause))
                    }
                }
                group.addTask { _ = await interrupts.wait() }
                try await group.next()
            }
        }
    }
}

struct NodeDrainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration.command(
        "drain", "Let a node finish what it runs, and give it nothing new.",
        examples: ["node drain HP-OMEN", "node drain HP-OMEN --wait"])

    @OptionGroup var options: GridOptions

    @Argument(help: "The nodes' names.")
    var nodes: [String]

    @Option(
        help: ArgumentHelp("Move elsewhere what still runs there after this.", valueName: "time"),
        transform: Arguments.duration)
    var deadline: Int64?

    @Flag(help: "Return when nothing runs there any more.")
    var wait = false

    func run() async throws {
        let (nodes, wait, deadline) = (nodes, wait, deadline)
        try await options.withGrid { grid in
            let change = SchedulabilityChange(grid: grid)
            if let deadline {
                for node in nodes {
                    change.say(try await grid.drained(node: node, deadlineMilliseconds: deadline))
                }
            } else {
                try await change.apply("draining", to: nodes)
            }
            guard wait else { return }
            while try await grid.nodeInfos().contains(where: { nodes.contains($0.name) && $0.running > 0 }) {
                try await Task.sleep(for: .milliseconds(250))
            }
            for node in nodes { Console.stdout.print("\(node) is drained") }
        }
    }
}

struct NodeUndrainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration.command(
        "undrain", "Let a drained or cordoned node take tasks again.", examples: ["node undrain HP-OMEN"])

    @OptionGroup var options: GridOptions

    @Argument(help: "The nodes' names.")
    var nodes: [String]

    func run() async throws {
        let nodes = nodes
        try await options.withGrid { try await SchedulabilityChange(grid: $0).apply("open", to: nodes) }
    }
}

struct NodeCordonCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration.command(
        "cordon", "Give a node nothing new; undrain opens it again.", examples: ["node cordon HP-OMEN"])

    @OptionGroup var options: GridOptions

    @Argument(help: "The nodes' names.")
    var nodes: [String]

    func run() async throws {
        let nodes = nodes
        try await options.withGrid { try await SchedulabilityChange(grid: $0).apply("cordoned", to: nodes) }
    }
}

struct NodeReleaseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration.command(
        "release", "Give a quarantined node tasks again, and every type of them.", examples: ["node release HP-OMEN"])

    @OptionGroup var options: GridOptions

    @Argument(help: "The nodes' names.")
    var nodes: [String]

    func run() async throws {
        let nodes = nodes
        try await options.withGrid { grid in
            for node in nodes {
                let info = try await grid.released(node: node)
                Console.stdout.print("\(info.name) is released, \(info.state) and \(info.schedulability)")
            }
        }
    }
}

struct NodeRemoveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration.command(
        "remove", "Forget a node that will not come back.", examples: ["node remove HP-OMEN"],
        discussion: "A node that is connected is drained first. One that dials in again is known again.")

    @OptionGroup var options: GridOptions

    @Argument(help: "The nodes' names.")
    var nodes: [String]

    func run() async throws {
        let nodes = nodes
        try await options.withGrid { grid in
            for node in nodes {
                let removed = try await grid.removed(node: node)
                Console.stdout.print("\(removed.name) is removed")
            }
        }
    }
}

/// Opens and closes nodes, and says so.
struct SchedulabilityChange {
    let grid: GridClient

    func apply(_ schedulability: String, to nodes: [String]) async throws {
        for node in nodes {
            say(try await grid.schedulabilityChanged(of: node, to: schedulability))
        }
    }

    func say(_ info: Noizylab_Grid_NodeInfo) {
        let running = info.running > 0 && info.schedulability != "open" ? ", \(info.running) still running" : ""
        Console.stdout.print("\(info.name) is \(info.schedulability)" + running)
    }
}
