package import Foundation
import GridIdentity
import GridModel
package import GridStore
import GridTransport
import Synchronization

/// What the coordinator knows and keeps about identities: the authority, every certificate, the machines that wait to be
/// let in, and who is connected. Owned by `GridOperations`, whose operations are the only way to it.
package final class IdentityOffice: Sendable {
    let lifetimes: CertificateLifetimes
    let register: CertificateRegister
    let enrolments = Mutex(EnrolmentTable())
    let challenges = Mutex(ChallengeTable())
    private let settings: CoordinatorSettings
    private let folder: AuthorityFolder
    private let state: Mutex<State>
    /// One change of the authority at a time.
    private let changing = Mutex(())

    private struct State {
        var authority: CertificateAuthority
        /// Of the coordinator's own certificate.
        var ownKey: [UInt8]?
        /// Both, once they listen: the one with client certificates first.
        var listeners: [GridServerTransport] = []
        /// When a refused node was last reported, by its name and key.
        var reported: [String: Timestamp] = [:]
    }

    /// Removes what an interrupted rotation left.
    package init(settings: CoordinatorSettings, store: SQLiteStore, now: Date) throws {
        self.settings = settings
        folder = AuthorityFolder(path: settings.authorityFolder, cluster: settings.cluster)
        lifetimes = settings.certificates
        register = try CertificateRegister(store: store, recoverySeconds: lifetimes.recovery)
        state = Mutex(State(authority: try folder.load(now: now)))
        try folder.tidy()
    }

    var authority: CertificateAuthority { state.withLock { $0.authority } }

    // MARK: the listeners

    func attach(_ listeners: [GridServerTransport]) { state.withLock { $0.listeners = listeners } }

    /// The keys that are connected now.
    var connectedKeys: Set<[UInt8]> {
        state.withLock { $0.listeners }.reduce(into: []) { $0.formUnion($1.peers.map(\.keyHash)) }
    }

    /// The key that the coordinator itself shows.
    var ownKey: [UInt8]? { state.withLock { $0.ownKey } }

    /// Ends every connection of these keys. How many there were.
    func endConnections(of keys: Set<[UInt8]>) -> Int {
        state.withLock { $0.listeners }.reduce(0) { $0 + $1.close { keys.contains($0.keyHash) } }
    }

    /// The coordinator's own certificate, made anew when that is due: in its last third, of another authority than the
    /// one that signs, or without a name by which the machine is reached now. Connections from then on are made with it.
    /// The same for the local operator's. Blocks. Says until when it is good.
    @discardableResult
    func refreshOwn() throws(IdentityError) -> (files: CertificateFiles, renewalDue: Date) {
        let result: Result<(CertificateFiles, Date), any Error> = changing.withLock { _ in
            Result {
                let local = LocalIdentities(authority: authority, folder: settings.folder, lifetimes: lifetimes)
                let before = CertificateFiles(folder: settings.credentialsFolder)
                let old = PrivateFile.exists(before.certificate) ? try PrivateFile.read(before.certificate) : ""
                let files = try local.coordinator(settings.node, hosts: HostNames.all(adding: settings.names))
                if try PrivateFile.read(files.certificate) != old {
                    for listener in state.withLock({ $0.listeners }) { try listener.reload(files) }
                }
                let own = try files.facts()
                state.withLock { $0.ownKey = own.keyHash }
                if !register.knows(own.serial) {
                    try register.issued(
                        StoredCertificate(own, issuedBy: CertificateRegister.thisMachine, issuedAt: Timestamp(Date())))
                }
                try local.refreshOperator()
                return (files, try files.facts().renewalDue)
            }
        }
        do { return try result.get() } catch let error as IdentityError { throw error } catch {
            throw IdentityError(.file, "The coordinator's own certificate cannot be made.", cause: error)
        }
    }

    // MARK: the authority

    /// Changes the authority on disk and from then on in memory; nil when the rotation does not allow it. Blocks.
    func changeAuthority(
        now: Date, _ change: (inout AuthorityRotation) -> Bool
    ) throws(IdentityError) -> CertificateAuthority? {
        let changed: Result<CertificateAuthority?, any Error> = changing.withLock { _ in
            let changed = Result { try folder.change(now: now, change) }
            // Also after a failure half way: what is on disk is what is.
            if let found = try? folder.load(now: now) { state.withLock { $0.authority = found } }
            return changed
        }
        switch changed {
        case .success(let authority): return authority
        case .failure(let error as IdentityError): throw error
        case .failure(let error):
            throw IdentityError(.file, "The authority in \(folder.path) cannot be changed.", cause: error)
        }
    }

    /// A certificate for a proven key, written down before it is given out. Blocks.
    func issue(
        signingRequest: String, to identity: PeerIdentity, by issuedBy: String, now: Timestamp
    ) throws -> String {
        let authority = authority
        let pem = try authority.issue(
            signingRequest: signingRequest, to: identity, now: Date(now),
            lifetimeSeconds: lifetimes.seconds(for: identity.role))
        try register.issued(
            StoredCertificate(
                CertificateFacts(pem: pem), issuedBy: issuedBy, issuedAt: now))
        return pem
    }

    /// True when this refusal is news: the same machine asks again every few seconds.
    func isNews(_ refused: PeerCredential, at now: Timestamp) -> Bool {
        let key = refused.identity.uri + Hexadecimal.encode(refused.keyHash)
        return state.withLock { state in
            if let last = state.reported[key], now.microseconds - last.microseconds < 600_000_000 { return false }
            if state.reported.count > 1_000 { state.reported = [:] }
            state.reported[key] = now
            return true
        }
    }
}

extension Timestamp {
    init(_ date: Date) { self.init(microseconds: Int64((date.timeIntervalSince1970 * 1e6).rounded())) }
}

extension Date {
    init(_ timestamp: Timestamp) { self.init(timeIntervalSince1970: Double(timestamp.microseconds) / 1e6) }
}
