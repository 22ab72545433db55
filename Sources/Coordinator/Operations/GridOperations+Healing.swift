package import GridLogic
import GridModel

/// Looking after nodes that fail.
extension GridOperations {
    /// As draining; what still runs there after the deadline is moved elsewhere.
    package func drainNode(
        _ caller: Caller, node: String, deadlineMilliseconds: Int64
    ) async throws(OperationError) -> NodeView {
        try authorise(caller, .manageNodes)
        guard TaskLimits.timeoutMilliseconds.contains(deadlineMilliseconds) else {
            let most = TaskLimits.timeoutMilliseconds.upperBound
            throw .refused(.invalid("deadline_ms", "must be 0 to \(most), and is \(deadlineMilliseconds)"))
        }
        let by = caller.name
        return try await changed(caller, node) { name, token in
            .drain(name, deadlineMilliseconds: deadlineMilliseconds, by: by, token)
        }
    }

    /// Ends a quarantine, and lets every type of task be tried there again.
    package func releaseNode(_ caller: Caller, node: String) async throws(OperationError) -> NodeView {
        try authorise(caller, .manageNodes)
        let by = caller.name
        return try await changed(caller, node) { .releaseNode($0, by: by, $1) }
    }

    private func changed(
        _ caller: Caller, _ node: String, _ change: @escaping @Sendable (NodeName, RequestToken) -> GridInput
    ) async throws(OperationError) -> NodeView {
        let name = try Self.nodeName(node)
        try caller.requireScope(toUse: name)
        _ = try await loop.request { change(name, $0) }
        guard let view = try await currentNodes().first(where: { $0.node.name == name }) else {
            throw .refused(.noSuchNode(node))
        }
        return view
    }
}
