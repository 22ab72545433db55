/// What follows when a node's risk is high.
package enum RiskRule: String, Sendable, Hashable, CaseIterable {
    /// It is told and shown.
    case tell
    /// No new tasks but those that ask for it alone.
    case avoid
    /// No new tasks, and a drain that ends with the risk.
    case drain
}
