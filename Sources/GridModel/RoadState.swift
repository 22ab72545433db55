/// One of the ways to a node without an agent, as the process that takes them told last.
package struct RoadState: Sendable, Hashable {
    package enum Condition: String, Sendable, Hashable, CaseIterable {
        case opening, open
        /// Open, and nothing comes.
        case silent
        case closed
        /// Whoever would know is not connected.
        case unknown
    }

    /// `ssh studio@192.168.1.21`.
    package var name: String
    package var condition: Condition
    /// The next task goes by it.
    package var isInUse: Bool
    /// Why it is closed, or was the last time; empty when it never was, or is open.
    package var reason: String
    /// The command that mends it, where there is one.
    package var remedy: String

    package init(
        name: String, condition: Condition, isInUse: Bool = false, reason: String = "", remedy: String = ""
    ) {
        self.name = name
        self.condition = condition
        self.isInUse = isInUse
        self.reason = reason
        self.remedy = remedy
    }
}
