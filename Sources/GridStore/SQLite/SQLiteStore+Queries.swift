import Foundation
import GRDB
package import GridModel
package import GridWire
import SwiftProtobuf
import Synchronization

extension SQLiteStore {
    /// Everything a start needs. Sets numbers aside, so that none is given out twice.
    package func load() throws(StoreError) -> RecoveredState {
        let inTable = try read("read the living tasks") { database in
            try fetch(
                Row.fetchCursor(
                    database, sql: "SELECT id, state, checksum, record FROM task WHERE state < 3"))
        }
        let inBlocks = ledger.withLock { $0.blocks.tasks.values.map(\.task) }
        let tasks = (inTable + inBlocks).sorted { $0.id < $1.id }
        let nodes = try read("read the nodes", Self.nodes)
        let newest = ledger.withLock { $0.newest }
        let next = max(newest + 1, reservedBelow.withLock { $0 })
        try reserveTaskNumbers(next: next)
        return RecoveredState(
            tasks: tasks, nodes: nodes, nextTaskNumber: next, nextEventNumber: try lastEventNumber() + 1)
    }

    package func task(_ id: TaskID) throws(StoreError) -> GridTask? {
        if let task = ledger.withLock({ $0.blocks.tasks[id]?.task }) { return task }
        return try readOne("read task \(id)") { try self.task(id, in: $0) }
    }

    /// The task that was given this idempotency key.
    package func task(key: String) throws(StoreError) -> GridTask? {
        let living = ledger.withLock { ledger in ledger.blocks.keys[key].flatMap { ledger.blocks.tasks[$0]?.task } }
        if let living { return living }
        return try readOne("look up the key \"\(key)\"") { database in
            let statement = try database.cachedStatement(
                sql: """
                    SELECT task.id, state, checksum, record FROM task_key LEFT JOIN task ON task.id = task_key.task
                    WHERE key = ?
                    """)
            guard let row = try Row.fetchOne(statement, arguments: [key]) else { return nil }
            let found = row[0] == nil ? nil : try TaskRow.task(row)
            guard let found, found.key == key else { throw RecordCheck.Mismatch(what: "key \"\(key)\"") }
            return found
        }
    }

    /// Newest first, older than `before`. Empty `states`: every state. `node`: where its newest attempt is or was.
    package func tasks(
        states: Set<TaskState> = [], node: NodeName? = nil, before: TaskID? = nil, limit: Int = 100
    ) throws(StoreError) -> [GridTask] {
        // Looked at first: what moves to the table meanwhile is found there too, and counts.
        let inBlocks = ledger.withLock { ledger in
            ledger.blocks.tasks.values.lazy.map(\.task).filter { task in
                (states.isEmpty || states.contains(task.state)) && (node == nil || task.attempts.last?.node == node)
                    && before.map { task.id < $0 } ?? true
            }
        }
        let inTable = try read("list tasks") { database in
            let ids = try ids(states: states, node: node, before: before, limit: limit, in: database)
            return try ids.compactMap { try task(TaskID(number: $0), in: database) }
        }
        let known = Set(inTable.map(\.id))
        return Array((inTable + inBlocks.filter { !known.contains($0.id) }).sorted { $0.id > $1.id }.prefix(limit))
    }

    /// Ids whose text begins so, in no order. Looks through the ids alone: a tenth of a second for a million.
    package func ids(withPrefix prefix: TaskID.Prefix, limit: Int) throws(StoreError) -> [TaskID] {
        let inBlocks = ledger.withLock { $0.blocks.tasks.keys.filter { $0.hasPrefix(prefix) } }
        return try read("look for ids") { database in
            var found = Set(inBlocks.prefix(limit))
            let numbers = try UInt64.fetchCursor(
                database, sql: "SELECT id FROM task INDEXED BY task_by_state WHERE state >= 0")
            while found.count < limit, let number = try numbers.next() {
                let id = TaskID(number: number)
                if id.hasPrefix(prefix) { found.insert(id) }
            }
            return Array(found)
        }
    }

    /// How many kept tasks are in each state; from memory.
    package func counts() -> [TaskState: Int] { ledger.withLock { $0.counts.filter { $0.value > 0 } } }

    /// By number, from `from` on.
    package func events(from: UInt64, limit: Int) throws(StoreError) -> [Noizylab_Grid_Event] {
        try read("read events from \(from)") { database in
            var events: [Noizylab_Grid_Event] = []
            let statement = try database.cachedStatement(
                sql: """
                    SELECT first, checksum, block FROM event_block
                    WHERE first >= coalesce((SELECT max(first) FROM event_block WHERE first <= ?), 0) ORDER BY first
                    """)
            let rows = try Row.fetchCursor(statement, arguments: [Int64(clamping: from)])
            while events.count < limit, let row = try rows.next() {
                for event in try Self.events(row) where event.number >= from && events.count < limit {
                    events.append(event)
                }
            }
            return events
        }
    }

    /// 0 before the first.
    package func lastEventNumber() throws(StoreError) -> UInt64 {
        try read("read the last event's number") { database in
            try UInt64.fetchOne(database, sql: "SELECT last FROM event_block ORDER BY first DESC LIMIT 1") ?? 0
        }
    }

    private func task(_ id: TaskID, in database: Database) throws -> GridTask? {
        let statement = try database.cachedStatement(sql: "SELECT id, state, checksum, record FROM task WHERE id = ?")
        return try fetch(Row.fetchCursor(statement, arguments: [id.number])).first
    }

    private func fetch(_ rows: RowCursor) throws -> [GridTask] {
        var tasks: [GridTask] = []
        while let row = try rows.next() { tasks.append(try TaskRow.task(row)) }
        return tasks
    }

    /// The ids of each state on each node are in order in an index: the newest of all of these are merged.
    private func ids(
        states: Set<TaskState>, node: NodeName?, before: TaskID?, limit: Int, in database: Database
    ) throws -> [UInt64] {
        let before = before?.number ?? .init(Int64.max)
        if states.isEmpty && node == nil {
            let statement = try database.cachedStatement(
                sql: "SELECT id FROM task WHERE id < ? ORDER BY id DESC LIMIT ?")
            return try UInt64.fetchAll(statement, arguments: [before, limit])
        }
        let newest = try database.cachedStatement(
            sql: "SELECT id FROM task WHERE state = ? AND node IS ? AND id < ? ORDER BY id DESC LIMIT ?")
        var ids: [UInt64] = []
        for state in states.isEmpty ? Set(TaskState.allCases) : states {
            let nodes = try node.map { [$0.text] } ?? nodes(with: state, in: database)
            for node in nodes {
                ids += try UInt64.fetchAll(newest, arguments: [state.code, node, before, limit])
            }
        }
        return Array(ids.sorted(by: >).prefix(limit))
    }

    /// The nodes, or nil for none, that tasks in this state are or were on: one look into the index for each.
    private func nodes(with state: TaskState, in database: Database) throws -> [String?] {
        let next = try database.cachedStatement(sql: "SELECT min(node) FROM task WHERE state = ? AND node > ?")
        var nodes: [String?] = [nil]
        while let node = try String.fetchOne(next, arguments: [state.code, (nodes.last ?? nil) ?? ""]) {
            nodes.append(node)
        }
        return nodes
    }

    private static func nodes(_ database: Database) throws -> [Node] {
        try Row.fetchAll(database, sql: "SELECT name, checksum, record FROM node ORDER BY name").map { row in
            let name: String = row[0]
            let record: Data = row[2]
            guard RecordCheck.checksum(record, id: 0) == row[1] else {
                throw RecordCheck.Mismatch(what: "node \(name)")
            }
            let node = try Noizylab_Store_NodeRecord(serializedBytes: record).node.model()
            guard node.name.text == name else { throw RecordCheck.Mismatch(what: "node \(name)") }
            return node
        }
    }

    private static func events(_ row: Row) throws -> [Noizylab_Grid_Event] {
        let first: Int64 = row[0]
        return try row.withUnsafeData(atIndex: 2) { data in
            guard let data, RecordCheck.checksum(data, id: first) == row[1] else {
                throw RecordCheck.Mismatch(what: "the events from \(first)")
            }
            return try Noizylab_Store_EventBlock(serializedBytes: data).events
        }
    }
}
