package import GridIdentity
import GridModel
package import GridStore
package import Logging
import Synchronization

/// The one door to the grid, for every face: gRPC now, others later.
///
/// Each operation takes its `Caller`, whom the gateway has let in, authorises it once more (every operation names its
/// `Permission`; what is not allowed is denied), validates, and runs.
package final class GridOperations: Sendable {
    package let settings: CoordinatorSettings
    package let loop: GridLoop
    let store: SQLiteStore
    let outputs: OutputStore
    let identities: IdentityOffice
    package let gateway: Gateway
    package let keys: KeyRing
    let vault: SecretVault
    let reads = BlockingReads()
    let long = LongWork()
    let participants = Participants()
    let ended = EndedTasks()
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
        identities: IdentityOffice, gateway: Gateway = Gateway(), keys: KeyRing,
        vault: SecretVault = .inMemory(), logger: Logger
    ) {
        self.settings = settings
        self.loop = loop
        self.store = store
        self.outputs = outputs
        self.identities = identities
        self.gateway = gateway
        self.keys = keys
        self.vault = vault
        self.logger = logger
        startedAt = SystemClock.now()
        for key in identities.register.revokedKeys { gateway.revoked.revoke(keyHash: key) }
    }

    var boundAddresses: Addresses { addresses.withLock { $0 } }

    package func bound(listen: String, edge: String) {
        addresses.withLock { $0 = Addresses(listen: listen, edge: edge) }
    }

    /// Denies what the caller may not do. The gateway has asked the same of the method; this is asked of the operation,
    /// so that a door which mistakes one for the other opens nothing.
    func authorise(_ caller: Caller, _ permission: Permission) throws(OperationError) {
        guard !caller.may(permission) else { return }
        if case .nothing = caller.proof { throw .unauthenticated("This needs a certificate of the grid.") }
        throw .refused(
            Refusal(
                .permissionDenied, reason: "ROLE_NOT_ALLOWED",
                message: "\(caller.name) is \(caller.standing), which may not \(permission.rawValue): ask an operator.")
        )
    }
}
