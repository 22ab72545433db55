import Foundation
import GRDB
import GridModel
import Synchronization

/// What one transaction did to the tasks: told to the ledger when it is committed.
struct SavedTasks {
    var changes: [StateLedger.Change] = []
    /// The living ones of this commit.
    var block: (number: Int64, tasks: [GridTask])?
    /// They have rows in the table now.
    var tabled: [TaskID] = []
    var deletedBlocks: [Int64] = []

    var newest: UInt64? { changes.lazy.map(\.id.number).max() }
}

/// Writing tasks: those that ended, and those that had a row before, to the table; the others to the commit's block.
extension SQLiteStore {
    func save(_ tasks: [GridTask], in database: Database) throws -> SavedTasks {
        var saved = SavedTasks()
        if tasks.isEmpty { return saved }
        var last: [TaskID: Int] = [:]
        if tasks.count > 1 {
            last.reserveCapacity(tasks.count)
            for (index, task) in tasks.enumerated() { last[task.id] = index }
        }
        saved.changes.reserveCapacity(tasks.count)
        let known = ledger.withLock { $0 }
        var table = try TaskTableWriter(database)
        var block = TaskBlock()
        var newKeys: Set<String> = []
        for (index, task) in tasks.enumerated() where last.isEmpty || last[task.id] == index {
            let old = try keptState(of: task, known, in: database)
            if let old, old.isTerminal, old != task.state {
                throw StoreError(
                    .conflict, "could not keep task \(task.id) as \(task.state.rawValue): it ended as \(old.rawValue)")
            }
            let isInBlock = known.blocks.tasks[task.id] != nil
            if old == nil, let key = task.key {
                let isTaken = try !newKeys.insert(key).inserted || known.blocks.keys[key] != nil || table.hasKey(key)
                if isTaken { throw TaskTableWriter.keyTaken(key, task.id) }
            }
            if task.state.isTerminal || (old != nil && !isInBlock) {
                try table.write(task, withKey: old == nil || isInBlock)
                saved.tabled.append(task.id)
            } else {
                block.append(task)
            }
            saved.changes.append(.init(id: task.id, from: old, to: task.state))
        }
        try insert(block, known, &table, &saved, in: database)
        return saved
    }

    /// With a block come the deletions of those that are spent, on the same page.
    private func insert(
        _ block: TaskBlock, _ known: StateLedger, _ table: inout TaskTableWriter, _ saved: inout SavedTasks,
        in database: Database
    ) throws {
        guard !block.tasks.isEmpty else { return }
        let number = known.blocks.next
        let insert = try database.cachedStatement(
            sql: "INSERT INTO task_block (number, checksum, block) VALUES (?, ?, ?)")
        insert.setUncheckedArguments([number, RecordCheck.checksum(block.bytes, id: number), block.bytes])
        try insert.execute()
        saved.block = (number, block.tasks)
        let isSavedNow = Set(saved.changes.lazy.map(\.id)).contains
        try move(known.blocks.overdue, known, &table, &saved, except: isSavedNow)
        try delete(known.blocks.spent + known.blocks.overdue, &saved, in: database)
    }

    /// Moves what lives in these blocks to the table.
    private func move(
        _ blocks: [Int64], _ known: StateLedger, _ table: inout TaskTableWriter, _ saved: inout SavedTasks,
        except isSaved: (TaskID) -> Bool
    ) throws {
        for task in blocks.flatMap(known.blocks.living) where !isSaved(task.id) {
            try table.write(task, withKey: true)
            saved.tabled.append(task.id)
        }
    }

    private func delete(_ blocks: [Int64], _ saved: inout SavedTasks, in database: Database) throws {
        if blocks.isEmpty { return }
        let delete = try database.cachedStatement(sql: "DELETE FROM task_block WHERE number = ?")
        for number in blocks {
            delete.setUncheckedArguments([number])
            try delete.execute()
        }
        saved.deletedBlocks += blocks
    }

    /// Leaves no block: what lives in them moves to the table. Before tasks are purged, whose old records a block may
    /// hold, and which would live again if it were read.
    func clearBlocks(in database: Database) throws -> SavedTasks {
        var saved = SavedTasks()
        let known = ledger.withLock { $0 }
        var table = try TaskTableWriter(database)
        try move(known.blocks.all, known, &table, &saved, except: { _ in false })
        try delete(known.blocks.all, &saved, in: database)
        return saved
    }

    /// From memory for all but the odd task that had already ended, or was kept out of order.
    private func keptState(of task: GridTask, _ known: StateLedger, in database: Database) throws -> TaskState? {
        if let living = known.living[task.id] { return living }
        if task.id.number > known.newest { return nil }
        let statement = try database.cachedStatement(sql: "SELECT state FROM task WHERE id = ?")
        return try Int64.fetchOne(statement, arguments: [task.id.number]).flatMap(TaskState.init(code:))
    }
}

/// Writes rows of tasks and their keys within one transaction.
struct TaskTableWriter {
    private let database: Database
    private let upsert: Statement
    private var writer = TaskRecordWriter()

    init(_ database: Database) throws {
        self.database = database
        upsert = try database.cachedStatement(
            sql: """
                INSERT INTO task (\(TaskRow.columns)) VALUES (?, ?, ?, ?, ?, ?)
                ON CONFLICT (id) DO UPDATE SET state = excluded.state, node = excluded.node,
                    finished_at = excluded.finished_at, checksum = excluded.checksum, record = excluded.record
                """)
    }

    mutating func write(_ task: GridTask, withKey: Bool) throws {
        upsert.setUncheckedArguments(TaskRow.arguments(task, &writer))
        try upsert.execute()
        if withKey, let key = task.key { try save(key, of: task.id) }
    }

    func hasKey(_ key: String) throws -> Bool {
        let statement = try database.cachedStatement(sql: "SELECT 1 FROM task_key WHERE key = ?")
        return try Int64.fetchOne(statement, arguments: [key]) != nil
    }

    private func save(_ key: String, of id: TaskID) throws {
        let insert = try database.cachedStatement(
            sql: "INSERT INTO task_key (key, task) VALUES (?, ?) ON CONFLICT (key) DO NOTHING")
        insert.setUncheckedArguments([key, id.number])
        try insert.execute()
        if database.changesCount == 0 { throw Self.keyTaken(key, id) }
    }

    static func keyTaken(_ key: String, _ id: TaskID) -> StoreError {
        StoreError(.conflict, "could not keep task \(id): its key \"\(key)\" belongs to another task")
    }
}
