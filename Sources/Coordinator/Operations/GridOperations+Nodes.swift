import GridIdentity
package import GridLogic
package import GridModel
import GridStore
import Synchronization

/// Looking at the grid and its nodes, and looking after them.
extension GridOperations {
    package struct Status: Sendable {
        package var nodes: [NodeView]
        package var tasks: [TaskState: Int]
        package var failoversPaused: Bool
        package var store: StoreHealth
        package var uptimeMilliseconds: Int64
        package var now: Timestamp
    }

    package func status(_ caller: Caller) async throws(OperationError) -> Status {
        try authorise(caller, .viewGrid)
        return try await currentStatus()
    }

    func currentStatus() async throws(OperationError) -> Status {
        let stored = store.counts()
        let health = loop.health.withLock { $0 }
        let startedAt = startedAt
        return try await loop.look { view in
            var counts = view.machine.stateCounts
            for (state, count) in stored where state.isTerminal { counts[state] = count }
            return Status(
                nodes: view.machine.nodeViews(at: view.now), tasks: counts,
                failoversPaused: view.machine.failoversPaused, store: health,
                uptimeMilliseconds: view.now.monotonic.milliseconds(since: startedAt.monotonic), now: view.now.wall)
        }
    }

    package func nodes(_ caller: Caller) async throws(OperationError) -> [NodeView] {
        try authorise(caller, .viewGrid)
        return try await currentNodes()
    }

    func currentNodes() async throws(OperationError) -> [NodeView] {
        try await loop.look { $0.machine.nodeViews(at: $0.now) }
    }

    package func setSchedulability(
        _ caller: Caller, node: String, _ schedulability: Schedulability
    ) async throws(OperationError) -> NodeView {
        try authorise(caller, .manageNodes)
        let name = try Self.nodeName(node)
        try caller.requireScope(toUse: name)
        let by = caller.name
        _ = try await loop.request { .setSchedulability(name, schedulability, by: by, $0) }
        guard let view = try await currentNodes().first(where: { $0.node.name == name }) else {
            throw .refused(.noSuchNode(node))
        }
        return view
    }

    package func removeNode(_ caller: Caller, node: String) async throws(OperationError) -> Node {
        try authorise(caller, .manageNodes)
        let name = try Self.nodeName(node)
        try caller.requireScope(toUse: name)
        let by = caller.name
        guard case .node(let removed) = try await loop.request({ .removeNode(name, by: by, $0) }) else {
            throw .failed("A removal was answered with a task.")
        }
        loop.links.newest(of: name)?.end("the node was removed by \(by)")
        return removed
    }

    /// Keeps a machine in the inventory for which a program speaks. It takes no tasks.
    package func registerExternal(_ caller: Caller, _ node: Node) async throws(OperationError) {
        try authorise(caller, .registerNodes)
        try await requireExternal(node.name, caller)
        var node = node
        node.isExternal = true
        node.labels[Self.registeredBy] = caller.name
        let kept = node
        _ = try await loop.request { .registerNode(kept, $0) }
    }

    package func deregisterExternal(_ caller: Caller, _ name: NodeName) async throws(OperationError) {
        try authorise(caller, .registerNodes)
        guard try await requireExternal(name, caller) else { throw .refused(.noSuchNode(name.text)) }
        let by = caller.name
        _ = try await loop.request { .removeNode(name, by: by, $0) }
    }

    /// A node of the grid's own is nobody's to overwrite, and an external one only its owner's and an operator's.
    @discardableResult
    private func requireExternal(_ name: NodeName, _ caller: Caller) async throws(OperationError) -> Bool {
        try caller.requireScope(toUse: name)
        guard let known = try await currentNodes().first(where: { $0.node.name == name })?.node else { return false }
        guard known.isExternal else {
            throw .refused(
                Refusal(
                    .failedPrecondition, reason: "NOT_EXTERNAL",
                    message: "\(name) is a node of the grid itself: it is kept by its agent and by operators."))
        }
        let owner = known.labels[Self.registeredBy]
        guard caller.isOperator || owner == nil || owner == caller.name else {
            throw .refused(
                Refusal(
                    .permissionDenied, reason: "NOT_YOURS",
                    message: "\(name) was registered by \(owner ?? "another"): only it or an operator may change it."))
        }
        return true
    }

    private static let registeredBy = "registered_by"

    static func nodeName(_ text: String) throws(OperationError) -> NodeName {
        guard let name = NodeName(text) else {
            throw .refused(.invalid("node", "is not a node name: 1 to 63 letters, digits, '.', '_' or '-'"))
        }
        return name
    }
}

extension Refusal {
    static func noSuchNode(_ name: String) -> Refusal {
        Refusal(
            .notFound, reason: "NO_SUCH_NODE",
            message: "No node is called “\(name.prefix(80))”: `noizylab node list` shows those there are.")
    }
}
