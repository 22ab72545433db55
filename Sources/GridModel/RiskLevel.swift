/// How likely a node is to fail soon, in words.
package enum RiskLevel: String, Sendable, Hashable, CaseIterable {
    case normal, elevated
    /// Place nothing more there; drain it where the configuration says so.
    case high
}
