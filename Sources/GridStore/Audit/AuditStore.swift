import Foundation
import GRDB
package import GridModel

/// Keeps the audit in a database of its own, so that its commits are nobody else's. Rows are only ever added at the end
/// and, past their time, removed at the beginning: the schema refuses everything else.
///
/// Owned by the coordinator, in the folder that the task store has locked.
package final class AuditStore: Sendable {
    private let pool: DatabasePool
    private let path: String
    private let headPath: String

    package init(folder: String) throws(StoreError) {
        path = folder + "/audit.sqlite"
        headPath = folder + "/audit.head"
        do {
            try SystemCalls.makeFolder(folder)
            if try SystemCalls.status(path) == nil { SystemCalls.close(try SystemCalls.open(path, .create)) }
            var configuration = Configuration()
            configuration.label = "grid-audit"
            configuration.maximumReaderCount = 1
            configuration.prepareDatabase { database in
                try database.execute(sql: "PRAGMA cache_size = -1024")
                #if canImport(Darwin)
                    try database.execute(sql: "PRAGMA fullfsync = ON")
                #endif
            }
            pool = try DatabasePool(path: path, configuration: configuration)
            try pool.writeWithoutTransaction { database in
                // FULL: what was committed survives a power cut.
                try database.execute(sql: "PRAGMA synchronous = FULL")
                try database.execute(sql: "PRAGMA journal_size_limit = 1048576")
            }
            try Self.migrator.migrate(pool)
        } catch {
            throw StoreError("could not open the audit \(path)", error)
        }
    }

    package func close() throws(StoreError) {
        do {
            try pool.writeWithoutTransaction { _ = try $0.checkpoint(.truncate) }
            try pool.close()
        } catch { throw StoreError("could not close the audit \(path)", error) }
    }

    /// Adds records, all or none, behind the newest, and notes the new head beside them. Without records the head alone
    /// is noted again.
    package func append(_ records: [AuditRecord]) throws(StoreError) {
        guard let last = records.last else { return try writeHead(head()) }
        do {
            try pool.write { database in
                let insert = try database.cachedStatement(sql: Self.insert)
                for record in records {
                    let entry = record.entry
                    insert.setUncheckedArguments([
                        record.number, entry.firstAt.microseconds, entry.lastAt.microseconds, entry.count, entry.who,
                        entry.from, entry.what, entry.subject, entry.outcome, entry.reason, entry.trace,
                        Data(record.hash),
                    ])
                    try insert.execute()
                }
            }
        } catch { throw StoreError("could not add to the audit \(path)", error) }
        try writeHead(AuditHead(number: last.number, hash: last.hash))
    }

    /// The newest record, or where the chain begins when there is none.
    package func head() throws(StoreError) -> AuditHead {
        do {
            return try pool.read { database in
                let newest = try Row.fetchOne(
                    database, sql: "SELECT number, hash FROM audit ORDER BY number DESC LIMIT 1")
                return try newest.map(Self.head) ?? Self.start(database)
            }
        } catch { throw StoreError("could not read the audit \(path)", error) }
    }

    /// Behind which record the kept part begins.
    package func start() throws(StoreError) -> AuditHead {
        do { return try pool.read(Self.start) } catch { throw StoreError("could not read the audit \(path)", error) }
    }

    /// The head as it was noted when the newest records were added; nil when there is no note.
    package func notedHead() throws(StoreError) -> AuditHead? {
        guard let text = try? String(contentsOfFile: headPath, encoding: .utf8) else { return nil }
        let parts = text.split { $0 == " " || $0 == "\n" }
        guard parts.count == 2, let number = UInt64(parts[0]), let hash = Hexadecimal.decode(parts[1]),
            hash.count == 32
        else {
            throw StoreError(.corrupt, "\(headPath) does not hold the audit's head")
        }
        return AuditHead(number: number, hash: hash)
    }

    /// In order, from a number on.
    package func records(from first: UInt64, limit: Int) throws(StoreError) -> [AuditRecord] {
        do {
            return try pool.read { database in
                try Row.fetchAll(
                    database,
                    sql: """
                        SELECT number, first_at, last_at, count, who, origin, what, subject, outcome, reason, trace, hash
                        FROM audit WHERE number >= ? ORDER BY number LIMIT ?
                        """, arguments: [Int64(clamping: first), limit]
                ).map(Self.record)
            }
        } catch { throw StoreError("could not read the audit \(path)", error) }
    }

    /// Removes the oldest records that ended before `time`, and all but the newest `keep`; the newest one stays. The
    /// chain then begins behind the last that was removed.
    @discardableResult
    package func purge(before time: Timestamp, keep: Int) throws(StoreError) -> Int {
        do {
            return try pool.write { database in
                let newest = try UInt64.fetchOne(database, sql: "SELECT max(number) FROM audit") ?? 0
                let tooMany = newest > UInt64(keep) ? newest - UInt64(keep) : 0
                let young = try UInt64.fetchOne(
                    database, sql: "SELECT number FROM audit WHERE last_at >= ? ORDER BY number LIMIT 1",
                    arguments: [time.microseconds])
                let last = min(max(tooMany, (young ?? newest) &- 1), newest &- 1)
                guard newest > 0,
                    let cut = try Row.fetchOne(
                        database, sql: "SELECT number, hash FROM audit WHERE number <= ? ORDER BY number DESC LIMIT 1",
                        arguments: [last])
                else { return 0 }
                let head = Self.head(cut)
                try database.execute(
                    sql: "UPDATE audit_start SET number = ?, hash = ?", arguments: [head.number, Data(head.hash)])
                try database.execute(sql: "DELETE FROM audit WHERE number <= ?", arguments: [head.number])
                return database.changesCount
            }
        } catch { throw StoreError("could not remove old records from the audit \(path)", error) }
    }

    /// Replaced whole: a reader sees the old head or the new, also after a power cut.
    private func writeHead(_ head: AuditHead) throws(StoreError) {
        let text = "\(head.number) \(Hexadecimal.encode(head.hash))"
        let draft = headPath + ".new"
        do throws(SystemFailure) {
            try SystemCalls.remove(draft)
            let descriptor = try SystemCalls.open(draft, .create)
            defer { SystemCalls.close(descriptor) }
            try SystemCalls.write(descriptor, Array((text + "\n").utf8), at: 0)
            try SystemCalls.synchronize(descriptor)
            try SystemCalls.rename(draft, to: headPath)
        } catch {
            throw StoreError("could not note the audit's head in \(headPath)", error)
        }
    }

    private static func start(_ database: Database) throws -> AuditHead {
        try Row.fetchOne(database, sql: "SELECT number, hash FROM audit_start").map(head) ?? .beginning
    }

    private static func head(_ row: Row) -> AuditHead { AuditHead(number: row[0], hash: Array(row[1] as Data)) }

    private static func record(_ row: Row) -> AuditRecord {
        var entry = AuditEntry(
            who: row[4], from: row[5], what: row[6], subject: row[7], outcome: row[8], reason: row[9], trace: row[10],
            at: Timestamp(microseconds: row[1]), count: row[3])
        entry.lastAt = Timestamp(microseconds: row[2])
        return AuditRecord(number: row[0], entry: entry, hash: Array(row[11] as Data))
    }
}
