import GridIdentity
import GridModel
import GridStore
import Synchronization

/// Every certificate that is in use or could still be, and every key that is believed no more: in memory for each
/// handshake and call to be asked, and in the store.
///
/// A name of a node belongs to one key: that of its newest certificate, until the key is revoked or its certificates are
/// past the time in which it could come back. Another key under that name is refused and reported.
final class CertificateRegister: Sendable {
    private struct State {
        var certificates: [String: StoredCertificate] = [:]
        var revocations: [[UInt8]: StoredRevocation] = [:]
        /// Which key a node's name belongs to, by identity.
        var owners: [String: Owner] = [:]
        /// Last shown, and not yet in the store.
        var seen: [String: Timestamp] = [:]
        /// Shown for the first time, and not yet in the store.
        var found: [StoredCertificate] = []
    }

    private struct Owner {
        var keyHash: [UInt8]
        /// Until then it could come back.
        var until: Timestamp
    }

    /// Why a good certificate is not wanted.
    enum Objection: Sendable, Hashable {
        case revoked(StoredRevocation)
        /// The name belongs to the holder of another key.
        case nameTaken
    }

    private let store: SQLiteStore
    private let recoverySeconds: Int64
    private let state: Mutex<State>
    /// Something was shown for the first time and is to be written: a node whose key is not known could not come back.
    let news: AsyncStream<Void>
    private let tell: AsyncStream<Void>.Continuation

    init(store: SQLiteStore, recoverySeconds: Int64) throws(StoreError) {
        self.store = store
        self.recoverySeconds = recoverySeconds
        (news, tell) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        var kept = State()
        for revocation in try store.revocations() { kept.revocations[revocation.keyHash] = revocation }
        for certificate in try store.certificates().reversed() {
            Self.enter(certificate, into: &kept, recoverySeconds: recoverySeconds)
        }
        state = Mutex(kept)
    }

    // MARK: asking

    /// Nil when there is nothing against it. Certificates that were issued beside this process, on the authority's own
    /// machine, are entered when they are first shown.
    func shown(_ credential: PeerCredential, at now: Timestamp) -> Objection? {
        let serial = Hexadecimal.encode(credential.serial)
        return state.withLock { state in
            if let objection = objection(
                state, keyHash: credential.keyHash, identity: credential.identity, at: now)
            {
                return objection
            }
            if state.certificates[serial] == nil {
                let end = credential.notAfterSeconds * 1_000_000
                let entered = StoredCertificate(
                    serial: serial, identity: credential.identity.uri, keyHash: credential.keyHash,
                    issuer: credential.issuer, issuedAt: Timestamp(microseconds: min(now.microseconds, end - 1)),
                    notAfter: Timestamp(microseconds: end), issuedBy: Self.thisMachine)
                Self.enter(entered, into: &state, recoverySeconds: recoverySeconds)
                state.found.append(entered)
                tell.yield()
            }
            state.seen[serial] = now
            state.certificates[serial]?.lastSeen = now
            return nil
        }
    }

    func objection(
        to identity: PeerIdentity, keyHash: [UInt8], at now: Timestamp
    ) -> Objection? {
        state.withLock { objection($0, keyHash: keyHash, identity: identity, at: now) }
    }

    var revokedKeys: [[UInt8]] { state.withLock { Array($0.revocations.keys) } }

    /// Nodes whose newest certificate is of a revoked key, by name.
    var revokedAgents: Set<String> {
        state.withLock { state in
            if state.revocations.isEmpty { return [] }
            var newest: [String: StoredCertificate] = [:]
            for certificate in state.certificates.values {
                if let other = newest[certificate.identity], other.issuedAt >= certificate.issuedAt { continue }
                newest[certificate.identity] = certificate
            }
            let revoked = newest.values.filter { state.revocations[$0.keyHash] != nil }
            return Set(
                revoked.compactMap { PeerIdentity(uri: $0.identity) }.filter { $0.role == .agent }.map(\.name))
        }
    }

    func knows(_ serial: String) -> Bool { state.withLock { $0.certificates[serial] != nil } }

    /// The newest certificate of a key for an identity, while it could come back by it.
    func newest(of identity: PeerIdentity, keyHash: [UInt8], at now: Timestamp) -> StoredCertificate? {
        state.withLock { state in
            state.certificates.values
                .filter { $0.identity == identity.uri && $0.keyHash == keyHash && isInReach($0, at: now) }
                .max { $0.issuedAt < $1.issuedAt }
        }
    }

    /// All, the newest first, with what revoked their keys.
    func all() -> [(certificate: StoredCertificate, revocation: StoredRevocation?)] {
        state.withLock { state in
            state.certificates.values
                .sorted { ($0.issuedAt, $0.serial) > ($1.issuedAt, $1.serial) }
                .map { ($0, state.revocations[$0.keyHash]) }
        }
    }

    /// How many that are in use were signed by this authority: of each key only the newest counts.
    func countInUse(signedBy issuer: [UInt8], at now: Timestamp) -> Int {
        state.withLock { state in
            var newest: [[UInt8]: StoredCertificate] = [:]
            for certificate in state.certificates.values
            where certificate.notAfter > now && state.revocations[certificate.keyHash] == nil {
                if let other = newest[certificate.keyHash], other.issuedAt >= certificate.issuedAt { continue }
                newest[certificate.keyHash] = certificate
            }
            return newest.values.count { $0.issuer == issuer }
        }
    }

    private func objection(
        _ state: State, keyHash: [UInt8], identity: PeerIdentity, at now: Timestamp
    ) -> Objection? {
        if let revocation = state.revocations[keyHash] { return .revoked(revocation) }
        guard let owner = state.owners[identity.uri], owner.until > now, owner.keyHash != keyHash else { return nil }
        return .nameTaken
    }

    /// The oldest holder of a node's name keeps it.
    private static func enter(_ certificate: StoredCertificate, into state: inout State, recoverySeconds: Int64) {
        state.certificates[certificate.serial] = certificate
        guard PeerIdentity(uri: certificate.identity)?.role == .agent,
            state.revocations[certificate.keyHash] == nil
        else { return }
        let until = Timestamp(microseconds: certificate.notAfter.microseconds + recoverySeconds * 1_000_000)
        let owner = state.owners[certificate.identity]
        if let owner, owner.keyHash != certificate.keyHash, owner.until > certificate.issuedAt { return }
        state.owners[certificate.identity] = Owner(
            keyHash: certificate.keyHash, until: max(until, owner?.until ?? until))
    }

    private func isInReach(_ certificate: StoredCertificate, at now: Timestamp) -> Bool {
        certificate.notAfter.microseconds + recoverySeconds * 1_000_000 > now.microseconds
    }

    // MARK: changing

    /// Kept before it is given out.
    func issued(_ certificate: StoredCertificate) throws(StoreError) {
        try store.saveCertificate(certificate)
        state.withLock { Self.enter(certificate, into: &$0, recoverySeconds: recoverySeconds) }
    }

    /// In force when it returns.
    func revoke(_ revocations: [StoredRevocation]) throws(StoreError) {
        let keys = Set(revocations.map(\.keyHash))
        let found = state.withLock { $0.found.filter { keys.contains($0.keyHash) } }
        try store.saveRevocations(revocations, of: found)
        state.withLock { state in
            for revocation in revocations where state.revocations[revocation.keyHash] == nil {
                state.revocations[revocation.keyHash] = revocation
                guard state.owners[revocation.identity]?.keyHash == revocation.keyHash else { continue }
                state.owners[revocation.identity] = nil
                let others = state.certificates.values.filter { $0.identity == revocation.identity }
                for other in others.sorted(by: { $0.issuedAt < $1.issuedAt }) {
                    Self.enter(other, into: &state, recoverySeconds: recoverySeconds)
                }
            }
        }
    }

    /// Writes down what was seen, and forgets what can matter no more. Now and then.
    func tidy(at now: Timestamp) throws(StoreError) {
        try writeSeen()
        let reach = Timestamp(microseconds: now.microseconds - recoverySeconds * 1_000_000)
        try store.purgeCertificates(endedBefore: reach)
        state.withLock { state in state.certificates = state.certificates.filter { isInReach($0.value, at: now) } }
    }

    /// Which certificates were seen, and when.
    func writeSeen() throws(StoreError) {
        let (found, seen) = state.withLock { state in
            defer { (state.found, state.seen) = ([], [:]) }
            return (state.found, state.seen)
        }
        do throws(StoreError) {
            try store.noteSeen(seen, found: found)
        } catch {
            state.withLock { state in
                state.found += found
                state.seen.merge(seen) { newer, _ in newer }
            }
            throw error
        }
    }

    static let thisMachine = "this machine"
}

extension StoredCertificate {
    init(_ facts: CertificateFacts, issuedBy: String, issuedAt: Timestamp) {
        self.init(
            serial: facts.serial, identity: facts.identity.uri, keyHash: facts.keyHash, issuer: facts.issuer,
            issuedAt: issuedAt, notAfter: Timestamp(facts.notAfter), issuedBy: issuedBy)
    }
}
