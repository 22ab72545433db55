import GRDB
package import GridModel
import Synchronization

extension SQLiteStore {
    /// Deletes tasks that ended before, oldest end first, at most `limit`, with their keys. The ids that went: their
    /// output is the caller's to remove. Fewer than `limit` means that none are left. Their numbers are never used again.
    package func purge(finishedBefore time: Timestamp, limit: Int = 1_000) throws(StoreError) -> [TaskID] {
        try writing.withLock { _ throws(StoreError) in
            var moved = SavedTasks()
            var changes: [StateLedger.Change] = []
            var reserved: UInt64?
            try write("delete old tasks") { database in
                changes.removeAll()
                let rows = try Row.fetchAll(
                    database,
                    sql: "SELECT id, state FROM task WHERE finished_at < ? ORDER BY finished_at LIMIT ?",
                    arguments: [time.microseconds, limit])
                if rows.isEmpty { return }
                let delete = try database.cachedStatement(sql: "DELETE FROM task WHERE id = ?")
                for row in rows {
                    let number: UInt64 = row[0]
                    delete.setUncheckedArguments([number])
                    try delete.execute()
                    changes.append(.init(id: TaskID(number: number), from: TaskState(code: row[1]), to: nil))
                }
                moved = try clearBlocks(in: database)
                if let newest = changes.lazy.map(\.id.number).max() {
                    reserved = try reserve(after: newest, in: database)
                }
            }
            if let reserved { reservedBelow.withLock { $0 = max($0, reserved) } }
            ledger.withLock { ledger in
                ledger.apply(moved)
                for change in changes { ledger.apply(change) }
            }
            return changes.map(\.id)
        }
    }

    /// Deletes events older than `time`, in whole commits; the newest commit's stay, so that numbers go on.
    @discardableResult
    package func purgeEvents(before time: Timestamp, limit: Int = 10_000) throws(StoreError) -> Int {
        try write("delete old events") { database in
            try database.execute(
                sql: """
                    DELETE FROM event_block WHERE first IN (
                        SELECT first FROM event_block
                        WHERE first < min(
                            (SELECT max(first) FROM event_block),
                            coalesce((SELECT first FROM event_block WHERE at >= ? ORDER BY first LIMIT 1), 9e18))
                        ORDER BY first LIMIT ?)
                    """,
                arguments: [time.microseconds, limit])
            return database.changesCount
        }
    }

    /// Folds the log into the database as far as readers allow, and gives its room back. The writer does it itself
    /// when the log has grown; done when there is little to do, it keeps those pauses short.
    package func checkpoint() throws(StoreError) {
        do {
            try pool.writeWithoutTransaction { _ = try $0.checkpoint(.passive) }
        } catch {
            throw StoreError("could not fold the log of \(path)", error)
        }
    }

    /// The database's and its log's bytes on disk.
    package func diskBytes() throws(StoreError) -> Int64 {
        do throws(SystemFailure) {
            return (try SystemCalls.status(path)?.size ?? 0) + (try SystemCalls.status(path + "-wal")?.size ?? 0)
        } catch {
            throw StoreError("could not look at \(path)", error)
        }
    }
}
