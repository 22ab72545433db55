package import GridModel

/// What a key's scope says no to.
extension KeyScope {
    package func allows(_ permission: KeyPermission) -> Bool { permissions.contains(permission) }

    /// Why the key may not submit this, cancel it or ask for it again; nil when it may.
    ///
    /// A task that names no node could be placed anywhere, so a key that is bound to nodes must name one of them.
    package func refusal(toRun spec: TaskSpec) -> Refusal? {
        let type = spec.payload.type
        if !types.isEmpty, !types.contains(type) {
            return .keyScope(
                "KEY_TYPE", "This key runs tasks of the type \(types.sorted().joined(separator: ", ")), not \(type).")
        }
        guard !nodes.isEmpty else { return nil }
        guard let node = spec.node else {
            return .keyScope(
                "KEY_NODE", "This key runs tasks only on nodes that match \(patterns): name one of them with --on.")
        }
        return refusal(toUse: node)
    }

    /// Why the key may not use or look after this node; nil when it may.
    package func refusal(toUse node: NodeName) -> Refusal? {
        guard !nodes.isEmpty, !nodes.contains(where: { $0.matches(node.text) }) else { return nil }
        return .keyScope("KEY_NODE", "This key is for nodes that match \(patterns), and \(node) does not.")
    }

    private var patterns: String { nodes.map(\.text).joined(separator: " or ") }
}

extension Refusal {
    fileprivate static func keyScope(_ reason: String, _ message: String) -> Refusal {
        Refusal(.permissionDenied, reason: reason, message: message)
    }
}
