package import GridWire

/// A machine of the grid as it is known at one moment.
public struct NodeStatus: Sendable, Hashable {
    public let name: String
    public let role: String
    /// `local` or `agent`.
    public let link: String
    /// `online`, `suspect` or `offline`; `external` for one that a program speaks for.
    public let state: String
    /// `open`, `cordoned` or `draining`.
    public let schedulability: String
    public let address: String
    public let os: String
    public let arch: String
    public let cores: Int
    public let memoryBytes: Int64
    public let gpus: [String]
    /// 0 ... 100.
    public let cpuPercent: Double
    public let memoryPercent: Double
    public let running: Int

    package init(_ info: Noizylab_Grid_NodeInfo) {
        name = info.name
        role = info.role
        link = info.link
        state = info.state
        schedulability = info.schedulability
        address = info.address
        os = info.inventory.os
        arch = info.inventory.arch
        cores = Int(info.inventory.cores)
        memoryBytes = info.inventory.memoryBytes
        gpus = info.inventory.gpus.map(\.model)
        cpuPercent = info.sample.cpuPercent
        memoryPercent = info.sample.memoryPercent
        running = Int(info.running)
    }
}

/// The grid at one moment.
public struct GridStatus: Sendable, Hashable {
    public let cluster: String
    public let state: String
    /// The machine that the coordinator runs on.
    public let node: String
    public let version: String
    public let nodes: [NodeStatus]
    public let tasks: [TaskStatus.State: Int]

    package init(_ info: Noizylab_Grid_StatusResponse) {
        cluster = info.cluster
        state = info.state
        node = info.node
        version = info.version
        nodes = info.nodes.map(NodeStatus.init)
        var tasks: [TaskStatus.State: Int] = [:]
        for (name, count) in info.tasks {
            if let state = TaskStatus.State(rawValue: name) { tasks[state] = Int(clamping: count) }
        }
        self.tasks = tasks
    }
}

/// One fact about the grid, numbered without gaps.
public struct GridNotice: Sendable, Hashable {
    public let number: UInt64
    /// Microseconds since 1970.
    public let at: Int64
    /// Past tense and snake case: `task_finished`.
    public let kind: String
    public let task: String
    public let epoch: Int
    public let node: String
    /// A sentence for people.
    public let text: String
    public let data: [String: String]

    package init(_ event: Noizylab_Grid_Event) {
        number = event.number
        at = event.atUs
        kind = event.kind
        task = event.task
        epoch = Int(event.epoch)
        node = event.node
        text = event.text
        data = event.data
    }
}
