package import GridModel

/// What one transaction keeps: all of it, or none.
package struct StoreBatch: Sendable {
    /// As they now are. Where a task stands twice, the last counts.
    package var tasks: [GridTask]
    package var nodes: [Node]
    /// After `nodes`: a node in both is deleted.
    package var deletedNodes: [NodeName]
    /// By number, ascending, going on where the last batch ended.
    package var events: [GridEvent]

    package init(
        tasks: [GridTask] = [], nodes: [Node] = [], deletedNodes: [NodeName] = [], events: [GridEvent] = []
    ) {
        self.tasks = tasks
        self.nodes = nodes
        self.deletedNodes = deletedNodes
        self.events = events
    }

    package var isEmpty: Bool { tasks.isEmpty && nodes.isEmpty && deletedNodes.isEmpty && events.isEmpty }
}

/// What a start finds: everything that still lives.
package struct RecoveredState: Sendable {
    /// Not yet ended, by id.
    package var tasks: [GridTask]
    package var nodes: [Node]
    /// Never given out before, not even to a task that was not kept.
    package var nextTaskNumber: UInt64
    package var nextEventNumber: UInt64
}
