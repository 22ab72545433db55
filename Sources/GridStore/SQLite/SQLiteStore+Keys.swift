import Foundation
import GRDB
package import GridModel

/// An API key as kept: its secret only as a salted hash.
package struct StoredKey: Sendable, Hashable {
    package var record: APIKeyRecord
    package let salt: [UInt8]
    package let code: [UInt8]

    package init(record: APIKeyRecord, salt: [UInt8], code: [UInt8]) {
        self.record = record
        self.salt = salt
        self.code = code
    }
}

extension SQLiteStore {
    /// False when a living key has the name. One that has expired gives its name up, as if it had been revoked then.
    package func saveKey(_ key: StoredKey, at now: Timestamp) throws(StoreError) -> Bool {
        let (record, scope) = (key.record, key.record.scope)
        return try write("keep an API key") { database in
            try database.execute(
                sql: """
                    UPDATE api_key SET revoked_at = expires_at
                    WHERE name = ? AND revoked_at IS NULL AND expires_at <= ?
                    """, arguments: [record.name.text, now.microseconds])
            try database.execute(
                sql: """
                    INSERT INTO api_key (id, salt, code, name, role, permissions, nodes, types, rate, created_at,
                        created_by, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                    ON CONFLICT (name) WHERE revoked_at IS NULL DO NOTHING
                    """,
                arguments: [
                    record.id, Data(key.salt), Data(key.code), record.name.text, scope.role.rawValue,
                    scope.permissions.map(\.rawValue).sorted().joined(separator: ","),
                    scope.nodes.map(\.text).joined(separator: ","), scope.types.sorted().joined(separator: ","),
                    scope.rate?.description, record.createdAt.microseconds, record.createdBy,
                    record.expiresAt.microseconds,
                ])
            return database.changesCount == 1
        }
    }

    /// Every key that is kept, the oldest first.
    package func keys() throws(StoreError) -> [StoredKey] {
        try read("read the API keys") { database in
            try Row.fetchAll(database, sql: "SELECT * FROM api_key ORDER BY created_at, id").map(Self.key)
        }
    }

    /// Revoked from then on, for ever; a key that was revoked before stays as it was.
    package func revokeKey(id: String, at now: Timestamp) throws(StoreError) {
        try write("revoke an API key") { database in
            try database.execute(
                sql: "UPDATE api_key SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL",
                arguments: [now.microseconds, id])
        }
    }

    package func noteKeyUses(_ uses: [String: Timestamp]) throws(StoreError) {
        if uses.isEmpty { return }
        try write("note when API keys were used") { database in
            let update = try database.cachedStatement(
                sql: "UPDATE api_key SET last_used_at = max(coalesce(last_used_at, 0), ?) WHERE id = ?")
            for (id, time) in uses { try update.execute(arguments: [time.microseconds, id]) }
        }
    }

    /// Forgets keys that were revoked or expired before. The ids that went.
    package func purgeKeys(endedBefore time: Timestamp) throws(StoreError) -> [String] {
        try write("delete old API keys") { database in
            try String.fetchAll(
                database,
                sql: "DELETE FROM api_key WHERE min(expires_at, coalesce(revoked_at, expires_at)) < ? RETURNING id",
                arguments: [time.microseconds])
        }
    }

    private static func key(_ row: Row) throws -> StoredKey {
        func list(_ column: String) -> [String] {
            let text: String = row[column]
            return text.split(separator: ",").map(String.init)
        }
        let id: String = row["id"]
        let (permissions, nodes) = (list("permissions"), list("nodes"))
        let rate: String? = row["rate"]
        // Whatever cannot be read must not come out wider than it was made.
        guard let role = KeyRole(rawValue: row["role"]), permissions.allSatisfy({ KeyPermission(rawValue: $0) != nil }),
            nodes.allSatisfy({ NamePattern($0) != nil }), rate == nil || rate.flatMap(KeyRate.init) != nil
        else { throw RecordCheck.Mismatch(what: "API key \(id)") }
        let scope = KeyScope(
            role: role, permissions: Set(permissions.compactMap(KeyPermission.init)),
            nodes: nodes.compactMap { NamePattern($0) }, types: Set(list("types")), rate: rate.flatMap(KeyRate.init))
        let salt: Data = row["salt"]
        let code: Data = row["code"]
        func time(_ column: String) -> Timestamp? {
            let microseconds: Int64? = row[column]
            return microseconds.map { Timestamp(microseconds: $0) }
        }
        return StoredKey(
            record: APIKeyRecord(
                id: id, name: NodeName(checked: row["name"]), scope: scope,
                createdAt: Timestamp(microseconds: row["created_at"]), createdBy: row["created_by"],
                expiresAt: Timestamp(microseconds: row["expires_at"]), revokedAt: time("revoked_at"),
                lastUsedAt: time("last_used_at")), salt: [UInt8](salt), code: [UInt8](code))
    }
}
