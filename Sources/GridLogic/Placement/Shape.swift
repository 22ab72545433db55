package import GridModel

/// What a task needs of a node: tasks of one shape can be placed on exactly the same nodes.
package struct Shape: Hashable, Sendable {
    /// The index of the one node it may run on.
    package var pin: Int?
    package var resources: ResourceRequest
    /// In the language of `Constraint`; empty when any node will do.
    package var constraint: String
    /// Whose circuits are asked.
    package var type: String
    /// Nodes that want signatures take it; of whom, they judge themselves.
    package var isSigned: Bool

    package init(
        pin: Int? = nil, resources: ResourceRequest, constraint: String = "", type: String = "", isSigned: Bool = false
    ) {
        self.pin = pin
        self.resources = resources
        self.constraint = constraint
        self.type = type
        self.isSigned = isSigned
    }
}
