import GridLogic
import GridModel
import GridStore

/// What the loop has decided and not yet written, and what it may say only when it is written.
///
/// Outlives its batch when events alone may wait, or when the store fails: the same commit is then tried again.
struct PendingCommit {
    private(set) var tasks: [GridTask] = []
    private(set) var nodes: [Node] = []
    private(set) var deletedNodes: [NodeName] = []
    private(set) var events: [GridEvent] = []
    /// Released in this order after the commit.
    private(set) var held: [GridEffect] = []
    private var taskIndex: [TaskID: Int] = [:]
    private var nodeIndex: [NodeName: Int] = [:]
    /// Living keys cannot be looked up in the machine once their task is settled, nor in the store before the commit.
    private(set) var settledKeys: [String: TaskID] = [:]
    private(set) var firstEventAt: MonotonicTime?

    var isEmpty: Bool { !isUrgent && events.isEmpty && held.isEmpty }
    /// Somebody waits for this to be durable.
    var isUrgent: Bool { !tasks.isEmpty || !nodes.isEmpty || !deletedNodes.isEmpty || hasUrgentEvent }
    /// Somebody may be waiting to hear it: a node was lost, or is in doubt.
    private var hasUrgentEvent = false

    var batch: StoreBatch {
        StoreBatch(tasks: tasks, nodes: nodes, deletedNodes: deletedNodes, events: events)
    }

    func task(_ id: TaskID) -> GridTask? { taskIndex[id].map { tasks[$0] } }

    var settled: [TaskID: GridTask] {
        var settled: [TaskID: GridTask] = [:]
        for task in tasks where task.state.isTerminal { settled[task.id] = task }
        return settled
    }

    /// Of a task that changed twice, only the newest record is written.
    mutating func save(_ task: GridTask) {
        if task.state.isTerminal, let key = task.key { settledKeys[key] = task.id }
        if let index = taskIndex[task.id] {
            tasks[index] = task
        } else {
            taskIndex[task.id] = tasks.count
            tasks.append(task)
        }
    }

    mutating func save(_ node: Node) {
        deletedNodes.removeAll { $0 == node.name }
        if let index = nodeIndex[node.name] {
            nodes[index] = node
        } else {
            nodeIndex[node.name] = nodes.count
            nodes.append(node)
        }
    }

    mutating func delete(_ name: NodeName) {
        if nodeIndex[name] != nil {
            nodes.removeAll { $0.name == name }
            nodeIndex.removeAll()
            for (index, node) in nodes.enumerated() { nodeIndex[node.name] = index }
        }
        deletedNodes.append(name)
    }

    mutating func emit(_ event: GridEvent, at: MonotonicTime) {
        if events.isEmpty { firstEventAt = at }
        events.append(event)
        switch event.fact {
        case .nodeSuspect, .nodeOffline, .nodeOnline: hasUrgentEvent = true
        default: break
        }
    }

    mutating func hold(_ effect: GridEffect) { held.append(effect) }

    /// Effects that turned out to depend on nothing that is still to be written.
    mutating func takeHeld() -> [GridEffect] {
        var effects: [GridEffect] = []
        swap(&effects, &held)
        return effects
    }

    mutating func dropHeld(where isUnwanted: (GridEffect) -> Bool) { held.removeAll(where: isUnwanted) }

    /// Adds what came after: one commit for both.
    mutating func absorb(_ later: PendingCommit) {
        for task in later.tasks { save(task) }
        for node in later.nodes { save(node) }
        for name in later.deletedNodes { delete(name) }
        if let at = later.firstEventAt {
            for event in later.events { emit(event, at: at) }
        }
        held += later.held
    }

    /// After the commit: forgets what is now written, keeping the buffers.
    mutating func committed() {
        tasks.removeAll(keepingCapacity: true)
        nodes.removeAll()
        deletedNodes.removeAll()
        events.removeAll(keepingCapacity: true)
        taskIndex.removeAll(keepingCapacity: true)
        nodeIndex.removeAll()
        settledKeys.removeAll()
        firstEventAt = nil
        hasUrgentEvent = false
    }
}
