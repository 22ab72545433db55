package import GridIdentity
import GridModel
package import GridStore
package import Logging
import Synchronization

/// The one door to the grid, for every face: gRPC now, others later.
///
/// Each operation takes its `Caller` and passes the same chain: authorise (every operation names its `Permission`; what
/// is not allowed is denied), validate, run. Who the caller is was proven by its face. Rate limits stand between the two
/// first, the audit after the second.
package final class GridOperations: Sendable {
    package let settings: CoordinatorSettings
    package let loop: GridLoop
    let store: SQLiteStore
    let outputs: OutputStore
    let authority: CertificateAuthority
    let reads = BlockingReads()
    let participants = Participants()
    let joins = JoinLimiter()
    let startedAt: Moment
    let logger: Logger
    private let addresses = Mutex(Addresses(listen: "", edge: ""))

    /// Where the coordinator is really reached, once its ports are bound.
    struct Addresses: Sendable {
        var listen: String
        var edge: String
    }

    package init(
        settings: CoordinatorSettings, loop: GridLoop, store: SQLiteStore, outputs: OutputStore,
        authority: CertificateAuthority, logger: Logger
    ) {
        self.settings = settings
        self.loop = loop
        self.store = store
        self.outputs = outputs
        self.authority = authority
        self.logger = logger
        startedAt = SystemClock.now()
    }

    var boundAddresses: Addresses { addresses.withLock { $0 } }

    package func bound(listen: String, edge: String) {
        addresses.withLock { $0 = Addresses(listen: listen, edge: edge) }
    }

    /// Denies what the caller's role does not allow.
    func authorise(_ caller: Caller, _ permission: Permission) throws(OperationError) {
        guard !permission.allows(caller.role) else { return }
        guard let role = caller.role else {
            throw .unauthenticated("This needs a certificate of the grid.")
        }
        throw .refused(
            Refusal(
                .permissionDenied, reason: "ROLE_NOT_ALLOWED",
                message: "\(caller.name) is \(role.rawValue), which may not \(permission.rawValue): ask an operator."))
    }
}
