import GridIdentity
package import GridModel
package import GridStore
import Synchronization

/// The API keys there are, in memory: asked at every call on the edge port, so it answers in a microsecond. Filled from
/// the store at the coordinator's start; what changes is written there first.
package final class KeyRing: Sendable {
    private struct Held {
        var key: StoredKey
        let grant: APIKeyGrant
        /// Not yet in the store.
        var isUseNew = false
    }

    private let held: Mutex<[String: Held]>

    package init(_ keys: [StoredKey], at now: MonotonicTime) {
        var held: [String: Held] = [:]
        for key in keys { held[key.record.id] = Held(key: key, grant: APIKeyGrant(key.record, now: now)) }
        self.held = Mutex(held)
    }

    /// What the header grants; nil when it is no key, or not one that lives. All refusals take the same way out, so that
    /// a stranger learns nothing of which keys there are.
    package func grant(authorization: String, at now: Timestamp) -> APIKeyGrant? {
        guard let key = (try? APIKey.fromHeader(authorization)) ?? nil,
            let found = held.withLock({ $0[key.id] }),
            APIKeyHash(salt: found.key.salt, code: found.key.code).isOf(key)
        else { return nil }
        // Looked at again: it may have been revoked meanwhile.
        return held.withLock { held in
            guard held[key.id]?.key.record.state(at: now) == .active else { return nil }
            held[key.id]?.key.record.lastUsedAt = now
            held[key.id]?.isUseNew = true
            return found.grant
        }
    }

    func add(_ key: StoredKey, at now: MonotonicTime) {
        held.withLock { $0[key.record.id] = Held(key: key, grant: APIKeyGrant(key.record, now: now)) }
    }

    func revoke(_ id: String, at now: Timestamp) {
        held.withLock { held in
            if held[id]?.key.record.revokedAt == nil { held[id]?.key.record.revokedAt = now }
        }
    }

    func forget(_ ids: [String]) { held.withLock { held in for id in ids { held[id] = nil } } }

    /// Oldest first.
    var records: [APIKeyRecord] {
        held.withLock { $0.values.map(\.key.record) }.sorted { ($0.createdAt, $0.id) < ($1.createdAt, $1.id) }
    }

    /// A living key by its name, or any by its id.
    func find(_ text: String, at now: Timestamp) -> APIKeyRecord? {
        records.last { $0.id == text || $0.name.text == text && $0.state(at: now) == .active }
            ?? records.last { $0.name.text == text }
    }

    /// When each key was used since this was last asked.
    func takeUses() -> [String: Timestamp] {
        held.withLock { held in
            var uses: [String: Timestamp] = [:]
            for (id, entry) in held where entry.isUseNew {
                uses[id] = entry.key.record.lastUsedAt
                held[id]?.isUseNew = false
            }
            return uses
        }
    }

    /// Whether a key ended in this time by itself.
    func hasExpired(after: Timestamp, by now: Timestamp) -> Bool {
        held.withLock { $0.values.contains { after < $0.key.record.expiresAt && $0.key.record.expiresAt <= now } }
    }
}
