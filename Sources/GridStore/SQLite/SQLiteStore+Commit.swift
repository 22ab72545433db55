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
    /// one synchronization of the disk takes, and is called from the grid loop's own thread.
    package func commit(_ batch: StoreBatch) throws(StoreError) {
        if batch.isEmpty { return }
        var changes: [StateLedger.Change] = []
        var reserved: UInt64?
        try write("keep \(batch.tasks.count) tasks and \(batch.events.count) events") { database in
            changes.removeAll(keepingCapacity: true)
            try save(batch.tasks, in: database, changes: &changes)
            try save(batch.nodes, deleting: batch.deletedNodes, in: database)
            try save(batch.events, in: database)
            if let newest = changes.lazy.map(\.id.number).max() { reserved = try reserve(after: newest, in: database) }
            return
        }
        if let reserved { noteReserved(reserved) }
        ledger.withLock { ledger in
            for change in changes { ledger.apply(change) }
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

    private func save(_ tasks: [GridTask], in database: Database, changes: inout [StateLedger.Change]) throws {
        if tasks.isEmpty { return }
        var last: [TaskID: Int] = [:]
        if tasks.count > 1 {
            last.reserveCapacity(tasks.count)
            for (index, task) in tasks.enumerated() { last[task.id] = index }
        }
        let upsert = try database.cachedStatement(
            sql: """
                INSERT INTO task (\(TaskRow.columns)) VALUES (?, ?, ?, ?, ?, ?)
                ON CONFLICT (id) DO UPDATE SET state = excluded.state, node = excluded.node,
                    finished_at = excluded.finished_at, checksum = excluded.checksum, record = excluded.record
                """)
        var writer = TaskRecordWriter()
        for (index, task) in tasks.enumerated() where last.isEmpty || last[task.id] == index {
            let old = try keptState(of: task, in: database)
            if let old, old.isTerminal, old != task.state {
                throw StoreError(
                    .conflict, "could not keep task \(task.id) as \(task.state.rawValue): it ended as \(old.rawValue)")
            }
            upsert.setUncheckedArguments(TaskRow.arguments(task, &writer))
            try upsert.execute()
            if old == nil, let key = task.key { try save(key, of: task.id, in: database) }
            changes.append(.init(id: task.id, from: old, to: task.state))
        }
    }

    /// From memory for all but the odd task that had already ended, or was kept out of order.
    private func keptState(of task: GridTask, in database: Database) throws -> TaskState? {
        let (living, newest) = ledger.withLock { ($0.living[task.id], $0.newest) }
        if let living { return living }
        if task.id.number > newest { return nil }
        let statement = try database.cachedStatement(sql: "SELECT state FROM task WHERE id = ?")
        return try Int64.fetchOne(statement, arguments: [task.id.number]).flatMap(TaskState.init(code:))
    }

    private func save(_ key: String, of id: TaskID, in database: Database) throws {
        let insert = try database.cachedStatement(
            sql: "INSERT INTO task_key (key, task) VALUES (?, ?) ON CONFLICT (key) DO NOTHING")
        insert.setUncheckedArguments([key, id.number])
        try insert.execute()
        if database.changesCount == 0 {
            throw StoreError(.conflict, "could not keep task \(id): its key \"\(key)\" belongs to another task")
        }
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
        var message = Noizylab_Store_EventBlock()
        message.events = events.map(Noizylab_Grid_Event.init)
        let block: Data = try message.serializedBytes()
        let insert = try database.cachedStatement(
            sql: "INSERT INTO event_block (first, last, at, checksum, block) VALUES (?, ?, ?, ?, ?)")
        insert.setUncheckedArguments([
            Int64(first.number), Int64(last.number), last.at.microseconds,
            RecordCheck.checksum(block, id: Int64(first.number)), block,
        ])
        try insert.execute()
    }
}
