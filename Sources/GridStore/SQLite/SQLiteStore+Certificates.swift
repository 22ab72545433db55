import Foundation
import GRDB
package import GridModel

/// A certificate as kept: who holds it, by which key, signed by which, until when.
package struct StoredCertificate: Sendable, Hashable {
    /// Lower-case hexadecimal digits.
    package let serial: String
    /// `spiffe://<cluster>/<role>/<name>`.
    package let identity: String
    /// SHA-256 of the holder's public key.
    package let keyHash: [UInt8]
    /// The identifier of the authority's key.
    package let issuer: [UInt8]
    package let issuedAt: Timestamp
    package let notAfter: Timestamp
    /// A person's name, or how it came about: `join`, `renewal`, `recovery`, `this machine`.
    package let issuedBy: String
    package var lastSeen: Timestamp?

    package init(
        serial: String, identity: String, keyHash: [UInt8], issuer: [UInt8], issuedAt: Timestamp, notAfter: Timestamp,
        issuedBy: String, lastSeen: Timestamp? = nil
    ) {
        self.serial = serial
        self.identity = identity
        self.keyHash = keyHash
        self.issuer = issuer
        self.issuedAt = issuedAt
        self.notAfter = notAfter
        self.issuedBy = issuedBy
        self.lastSeen = lastSeen
    }
}

/// A key that is believed no more, whatever certificate it shows.
package struct StoredRevocation: Sendable, Hashable {
    package let keyHash: [UInt8]
    package let identity: String
    package let at: Timestamp
    package let by: String
    package let reason: String

    package init(keyHash: [UInt8], identity: String, at: Timestamp, by: String, reason: String) {
        self.keyHash = keyHash
        self.identity = identity
        self.at = at
        self.by = by
        self.reason = reason
    }
}

extension SQLiteStore {
    /// Keeps it; one that is there already stays as it is, because a serial is issued once.
    package func saveCertificate(_ certificate: StoredCertificate) throws(StoreError) {
        try write("keep the certificate \(certificate.serial)") { try Self.insert(certificate, into: $0) }
    }

    private static func insert(_ certificate: StoredCertificate, into database: Database) throws {
        try database.execute(
            sql: """
                INSERT INTO certificate
                    (serial, identity, key_hash, issuer, issued_at, not_after, issued_by, last_seen)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (serial) DO NOTHING
                """,
            arguments: [
                certificate.serial, certificate.identity, Data(certificate.keyHash), Data(certificate.issuer),
                certificate.issuedAt.microseconds, certificate.notAfter.microseconds, certificate.issuedBy,
                certificate.lastSeen?.microseconds,
            ])
    }

    /// All that are kept, the newest first.
    package func certificates() throws(StoreError) -> [StoredCertificate] {
        try read("list the certificates") { database in
            try Row.fetchAll(database, sql: "SELECT * FROM certificate ORDER BY issued_at DESC, serial").map { row in
                StoredCertificate(
                    serial: row["serial"], identity: row["identity"], keyHash: Array(row["key_hash"] as Data),
                    issuer: Array(row["issuer"] as Data), issuedAt: Timestamp(microseconds: row["issued_at"]),
                    notAfter: Timestamp(microseconds: row["not_after"]), issuedBy: row["issued_by"],
                    lastSeen: (row["last_seen"] as Int64?).map { Timestamp(microseconds: $0) })
            }
        }
    }

    /// Keeps those that were shown for the first time, and when each was last shown, by serial.
    package func noteSeen(_ seen: [String: Timestamp], found: [StoredCertificate]) throws(StoreError) {
        if seen.isEmpty, found.isEmpty { return }
        try write("note which certificates were seen") { database in
            for certificate in found { try Self.insert(certificate, into: database) }
            let update = try database.cachedStatement(sql: "UPDATE certificate SET last_seen = ? WHERE serial = ?")
            for (serial, at) in seen { try update.execute(arguments: [at.microseconds, serial]) }
        }
    }

    /// Keeps the revocations; a key that is revoked already stays revoked as it was. `certificates`: of these keys, not
    /// kept yet, so that the list says also later whose they were.
    package func saveRevocations(
        _ revocations: [StoredRevocation], of certificates: [StoredCertificate] = []
    ) throws(StoreError) {
        try write("revoke \(revocations.count) keys") { database in
            for certificate in certificates { try Self.insert(certificate, into: database) }
            for revocation in revocations {
                try database.execute(
                    sql: """
                        INSERT INTO revocation (key_hash, identity, at, revoked_by, reason) VALUES (?, ?, ?, ?, ?)
                        ON CONFLICT (key_hash) DO NOTHING
                        """,
                    arguments: [
                        Data(revocation.keyHash), revocation.identity, revocation.at.microseconds, revocation.by,
                        revocation.reason,
                    ])
            }
        }
    }

    package func revocations() throws(StoreError) -> [StoredRevocation] {
        try read("list the revocations") { database in
            try Row.fetchAll(database, sql: "SELECT * FROM revocation ORDER BY at").map { row in
                StoredRevocation(
                    keyHash: Array(row["key_hash"] as Data), identity: row["identity"],
                    at: Timestamp(microseconds: row["at"]), by: row["revoked_by"], reason: row["reason"])
            }
        }
    }

    /// Forgets certificates that ended before. Revocations stay: a key that was stolen once is never good again.
    @discardableResult
    package func purgeCertificates(endedBefore time: Timestamp) throws(StoreError) -> Int {
        try write("delete old certificates") { database in
            try database.execute(sql: "DELETE FROM certificate WHERE not_after < ?", arguments: [time.microseconds])
            return database.changesCount
        }
    }
}
