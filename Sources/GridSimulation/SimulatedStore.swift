import GridModel

/// The store as the loop sees it: what was committed survives every crash, a batch is kept whole or not at all.
struct SimulatedStore: Sendable {
    private(set) var living: [UInt64: GridTask] = [:]
    /// How each finished task ended.
    private(set) var finished: [UInt64: TaskState] = [:]
    private(set) var finishedKeys: [String: TaskID] = [:]
    private(set) var nodes: [NodeName: Node] = [:]
    private(set) var nextTaskNumber: UInt64 = 1
    private(set) var nextEventNumber: UInt64 = 1

    /// One transaction.
    struct Batch: Sendable {
        var tasks: [GridTask] = []
        var nodes: [(NodeName, Node?)] = []
        var lastEvent: UInt64?
        /// Of tasks that end in this batch: a repeated submission must find them before they are committed.
        var finishedKeys: [String: TaskID] = [:]

        var isEmpty: Bool { tasks.isEmpty && nodes.isEmpty && lastEvent == nil }
    }

    mutating func commit(_ batch: Batch) {
        for task in batch.tasks {
            let number = task.id.number
            nextTaskNumber = max(nextTaskNumber, number + 1)
            if task.state.isTerminal {
                living[number] = nil
                finished[number] = task.state
                if let key = task.key { finishedKeys[key] = task.id }
            } else {
                living[number] = task
            }
        }
        for (name, node) in batch.nodes { nodes[name] = node }
        if let lastEvent = batch.lastEvent { nextEventNumber = lastEvent + 1 }
    }
}
