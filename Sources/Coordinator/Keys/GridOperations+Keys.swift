package import GridIdentity
package import GridModel
import GridStore
import Logging

/// Making, listing and revoking API keys.
extension GridOperations {
    /// The text of the key is in the answer and nowhere else.
    package func createKey(
        _ caller: Caller, name: String, scope: KeyScope, lifetimeSeconds: Int64
    ) async throws(OperationError) -> (key: APIKey, record: APIKeyRecord) {
        try authorise(caller, .issueIdentities)
        guard let name = NodeName(name) else {
            throw .refused(.invalid("name", "must be 1 to 63 letters, digits, '.', '_' or '-'"))
        }
        guard (0...Self.longestKeySeconds).contains(lifetimeSeconds) else {
            throw .refused(
                .invalid("ttl_seconds", "must be 1 ... \(Self.longestKeySeconds) (3650 days), or 0 for a year"))
        }
        let now = SystemClock.now()
        let seconds = lifetimeSeconds == 0 ? Self.standardKeySeconds : lifetimeSeconds
        let key = APIKey.make()
        let hash = APIKeyHash(of: key)
        let record = APIKeyRecord(
            id: key.id, name: name, scope: scope, createdAt: now.wall, createdBy: caller.name,
            expiresAt: Timestamp(microseconds: now.wall.microseconds + seconds * 1_000_000))
        let kept = StoredKey(record: record, salt: hash.salt, code: hash.code)
        let isKept = try await reads.run { [store] () throws(StoreError) in try store.saveKey(kept, at: now.wall) }
        guard isKept else {
            throw .refused(
                Refusal(
                    .alreadyExists, reason: "KEY_NAME_TAKEN",
                    message: "A key called \(name) lives: noizylab key revoke \(name), or another --name."))
        }
        keys.add(kept, at: now.monotonic)
        logger.notice(
            "API key made",
            metadata: ["by": "\(caller.name)", "key": "\(name)", "id": "\(key.id)", "role": "\(scope.role.rawValue)"])
        return (key, record)
    }

    /// Oldest first; without `all` only those that live.
    package func listKeys(_ caller: Caller, all: Bool) throws(OperationError) -> (keys: [APIKeyRecord], now: Timestamp)
    {
        try authorise(caller, .issueIdentities)
        let now = SystemClock.wall()
        return (keys.records.filter { all || $0.state(at: now) == .active }, now)
    }

    /// Written first, so that it holds after a crash; then no call passes, and those that are open end.
    package func revokeKey(_ caller: Caller, named text: String) async throws(OperationError) -> APIKeyRecord {
        try authorise(caller, .issueIdentities)
        let now = SystemClock.wall()
        guard let found = keys.find(text, at: now) else {
            throw .refused(
                Refusal(
                    .notFound, reason: "NO_SUCH_KEY",
                    message: "No key is called “\(APIKey.reference(text).prefix(63))”: "
                        + "`noizylab key list --all` shows those there are."))
        }
        try await reads.run { [store] () throws(StoreError) in try store.revokeKey(id: found.id, at: now) }
        keys.revoke(found.id, at: now)
        let ended = gateway.openCalls.end(because: "This API key was revoked.") { caller in
            if case .key(let grant) = caller.proof { grant.id == found.id } else { false }
        }
        logger.notice(
            "API key revoked", metadata: ["by": "\(caller.name)", "key": "\(found.name)", "ended": "\(ended)"])
        var revoked = found
        revoked.revokedAt = found.revokedAt ?? now
        return revoked
    }

    private static let standardKeySeconds: Int64 = 365 * 86_400
    private static let longestKeySeconds: Int64 = 3_650 * 86_400
}
