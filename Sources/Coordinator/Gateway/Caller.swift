package import GridIdentity
import GridLogic
import GridModel

/// Who asks, as far as it was proven, and from where.
package struct Caller: Sendable, Hashable {
    /// By what a caller is known.
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
        case .key(let grant): grant.submitter
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

    /// The remote address without its port.
    package var host: String { GridOperations.host(of: remote) }

    package func may(_ permission: Permission) -> Bool {
        switch proof {
        case .certificate(let credential): permission.allows(credential.identity.role)
        case .key(let grant): grant.allows(permission)
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
        case .key(let grant): grant.scope.role != .submitter || submitter == name
        case .nothing: false
        }
    }

    /// Looks after what others brought: an operator by certificate, or by a key of that role.
    var isOperator: Bool {
        switch proof {
        case .certificate(let credential): credential.identity.role == .operator
        case .key(let grant): grant.scope.role == .operator
        case .nothing: false
        }
    }

    private var scope: KeyScope? { if case .key(let grant) = proof { grant.scope } else { nil } }

    /// Only keys have scopes: whoever shows a certificate may what its role may, everywhere.
    func requireScope(toRun spec: TaskSpec) throws(OperationError) {
        if let refusal = scope?.refusal(toRun: spec) { throw .refused(refusal) }
    }

    func requireScope(toUse node: NodeName) throws(OperationError) {
        if let refusal = scope?.refusal(toUse: node) { throw .refused(refusal) }
    }
}
