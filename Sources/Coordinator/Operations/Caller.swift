package import GridIdentity
import GridModel

/// Who asks, as far as it was proven.
package enum Caller: Sendable, Hashable {
    /// A holder of a certificate of the grid's authority.
    case peer(PeerIdentity)
    /// Nobody yet: on the edge port, where enrolment happens.
    case stranger

    /// Nobody has a role that can do everything: a stranger has none.
    package var role: PeerRole? {
        switch self {
        case .peer(let identity): identity.role
        case .stranger: nil
        }
    }

    /// As it stands in tasks and events.
    package var name: String {
        switch self {
        case .peer(let identity): identity.name
        case .stranger: ""
        }
    }

    /// Whether it may see and change tasks that others asked for.
    func seesTasks(of submitter: String) -> Bool {
        switch role {
        case .operator, .viewer: true
        case .submitter: submitter == name
        case .coordinator, .agent, nil: false
        }
    }
}
