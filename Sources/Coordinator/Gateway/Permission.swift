package import GridIdentity

/// What a caller may be allowed to do. Every method of every face names the one it needs.
package enum Permission: String, CaseIterable, Sendable {
    /// Open to everybody who reached the port, with a certificate or without: enrolment, whose token is its own proof,
    /// and the health of the process.
    case enterDoor
    /// Asks whether the coordinator is well, and what it can be asked.
    case checkHealth
    case viewTasks
    /// Submits; cancels and retries its own.
    case runTasks
    case viewGrid
    /// Shares its state with the other participants.
    case shareState
    /// Keeps an external node in the inventory.
    case registerNodes
    case manageNodes
    case issueIdentities
    /// Reads who did what, and who may come in where.
    case readAudit
    case viewIdentities
    /// Another certificate for the caller's own identity and key.
    case renewOwnCertificate
    /// Speaks for the node that its certificate names.
    case linkNode

    /// Everything that is not listed is denied.
    package func allows(_ role: PeerRole?) -> Bool {
        switch self {
        case .enterDoor: true
        case .checkHealth: role != nil
        case .viewTasks: role == .operator || role == .submitter || role == .viewer
        case .runTasks: role == .operator || role == .submitter
        case .viewGrid: role == .operator || role == .submitter || role == .viewer
        case .shareState: role == .operator || role == .submitter || role == .agent
        case .registerNodes: role == .operator
        case .manageNodes: role == .operator
        case .issueIdentities: role == .operator
        case .readAudit: role == .operator
        case .viewIdentities: role == .operator || role == .viewer
        case .renewOwnCertificate: role != nil
        case .linkNode: role == .agent
        }
    }
}
