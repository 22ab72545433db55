import Foundation
import GRDB
import GridModel
import GridWire
import SwiftProtobuf
import Synchronization

extension SQLiteStore {
    /// How far ahead task numbers are set aside. Tasks that are not kept use numbers too, and none may come twice.
    static let reservationStep: UInt64 = 1 << 16

    /// Keeps the whole batch, or throws and keeps nothing of it. Durable when it returns. Synchronous: it takes what
    /// one synchronization of the disk takes, and is called from the grid loop's own threads.
    package func commit(_ batch: StoreBatch) throws(StoreError) {
        if batch.isEmpty { return }
        try writing.withLock { _ throws(StoreError) in
            var saved = SavedTasks()
            var reserved: UInt64?
            try write("keep \(batch.tasks.count) tasks and \(batch.events.count) events") { database in
                saved = try save(batch.tasks, in: database)
                try save(batch.nodes, deleting: batch.deletedNodes, in: database)
                try save(batch.events, in: database)
                if let newest = saved.newest { reserved = try reserve(after: newest, in: database) }
                return
            }
            if let reserved { noteReserved(reserved) }
            ledger.withLock { $0.apply(saved) }
        }
    }

    /// To be called before a task number is given out that `commit` will not see in time: numbers up to `next` and
    /// some way beyond are set aside, so that a restart gives out none of them again. Almost always free.
    package func reserveTaskNumbers(next: UInt64) throws(StoreError) {
        if next < reservedBelow.withLock({ $0 }) { return }
        let below = try write("set aside task numbers from \(next)") { try reserve(after: next, in: $0) }
        if let below { noteReserved(below) }
    }

    private func noteReserved(_ below: UInt64) { reservedBelow.withLock { $0 = max($0, below) } }

    /// Nil when there was nothing to do.
    func reserve(after number: UInt64, in database: Database) throws -> UInt64? {
        guard number + Self.reservationStep / 4 >= reservedBelow.withLock({ $0 }) else { return nil }
        let below = number + Self.reservationStep
        try database.execute(
            sql: "UPDATE reservation SET below = max(below, ?) WHERE what = 'task numbers'", arguments: [below])
        return below
    }

    private func save(_ nodes: [Node], deleting deleted: [NodeName], in database: Database) throws {
        for node in nodes {
            var message = Noizylab_Store_NodeRecord()
            message.node = Noizylab_Grid_NodeInfo(node)
            let record: Data = try message.serializedBytes()
            try database.execute(
                sql: """
                    INSERT INTO node (name, checksum, record) VALUES (?, ?, ?)
                    ON CONFLICT (name) DO UPDATE SET checksum = excluded.checksum, record = excluded.record
                    """,
                arguments: [node.name.text, RecordCheck.checksum(record, id: 0), record])
        }
        for name in deleted {
            try database.execute(sql: "DELETE FROM node WHERE name = ?", arguments: [name.text])
        }
    }

    private func save(_ events: [GridEvent], in database: Database) throws {
        guard let first = events.first, let last = events.last else { return }
        var writer = TaskRecordWriter()
        for event in events { try writer.append(event) }
        let block = Data(writer.bytes)
        let insert = try database.cachedStatement(
            sql: "INSERT INTO event_block (first, last, at, checksum, block) VALUES (?, ?, ?, ?, ?)")
        insert.setUncheckedArguments([
            Int64(first.number), Int64(last.number), last.at.microseconds,
            RecordCheck.checksum(block, id: Int64(first.number)), block,
        ])
        try insert.execute()
    }
}
