package import GridIdentity
import GridModel

/// Who asks, as far as it was proven, and from where.
package struct Caller: Sendable, Hashable {
    package enum Proof: Sendable, Hashable {
        /// A certificate of the grid's authority, and the key behind it.
        case certificate(PeerCredential)
        /// An API key, on the edge port.
        case key(APIKeyGrant)
        /// Nothing yet: on the edge port, where enrolment happens.
        case nothing
    }

    package let proof: Proof
    /// As the transport names it: `ipv4:10.0.0.2:1234`.
    package let remote: String

    package init(_ proof: Proof, remote: String) {
        self.proof = proof
        self.remote = remote
    }

    /// Nil for strangers and for keys, which have scopes instead.
    package var role: PeerRole? {
        switch proof {
        case .certificate(let credential): credential.identity.role
        case .key, .nothing: nil
        }
    }

    /// As it stands in tasks and events. A key's name cannot be mistaken for a certificate's, which holds no colon.
    package var name: String {
        switch proof {
        case .certificate(let credential): credential.identity.name
        case .key(let grant): "key:\(grant.name)"
        case .nothing: ""
        }
    }

    /// For sentences: what was proven.
    package var standing: String {
        switch proof {
        case .certificate(let credential): credential.identity.role.rawValue
        case .key: "an API key"
        case .nothing: "nobody the grid knows"
        }
    }

    /// Whom the audit names: the certificate's URI, the key's id, or nobody.
    package var auditName: String {
        switch proof {
        case .certificate(let credential): credential.identity.uri
        case .key(let grant): "key:\(grant.id)"
        case .nothing: "stranger"
        }
    }

    /// The remote address without its port: what strangers are counted by.
    package var host: String { GridOperations.host(of: remote) }

    package func may(_ permission: Permission) -> Bool {
        switch proof {
        case .certificate(let credential): permission.allows(credential.identity.role)
        case .key(let grant): permission == .enterDoor || grant.permissions.contains(permission)
        case .nothing: permission.allows(nil)
        }
    }

    /// Whether it may see and change tasks that others asked for.
    func seesTasks(of submitter: String) -> Bool {
        switch proof {
        case .certificate(let credential):
            switch credential.identity.role {
            case .operator, .viewer: true
            case .submitter: submitter == credential.identity.name
            case .coordinator, .agent: false
            }
        case .key: submitter == name
        case .nothing: false
        }
    }
}

/// What an API key allows its holder.
package final class APIKeyGrant: Sendable, Hashable {
    /// The key's public part, by which it is listed and revoked.
    package let id: String
    package let name: String
    package let permissions: Set<Permission>

    package init(id: String, name: String, permissions: Set<Permission>) {
        self.id = id
        self.name = name
        self.permissions = permissions
    }

    package static func == (left: APIKeyGrant, right: APIKeyGrant) -> Bool { left.id == right.id }

    package func hash(into hasher: inout Hasher) { hasher.combine(id) }
}
