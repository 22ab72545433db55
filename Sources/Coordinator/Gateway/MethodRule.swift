package import GridModel

/// What a door must know of a method before it lets anybody in: without a rule it cannot be reached.
package struct MethodRule: Sendable, Hashable {
    /// As the audit and refusals name it: `noizylab.grid.Tasks/Submit`.
    package let name: String
    package let permission: Permission
    package let callClass: CallClass
    /// One request, one answer.
    package let isUnary: Bool

    package init(_ name: String, _ permission: Permission, _ callClass: CallClass, isUnary: Bool = true) {
        self.name = name
        self.permission = permission
        self.callClass = callClass
        self.isUnary = isUnary
    }
}
