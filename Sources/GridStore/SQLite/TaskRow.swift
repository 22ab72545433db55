import Foundation
import GRDB
import GridModel
import GridWire
import SwiftProtobuf

/// A task as a row: what can be asked for in columns, everything in the record.
struct TaskRow {
    let id: TaskID
    let state: TaskState
    let node: NodeName?
    let finishedAt: Timestamp?
    let record: Data

    init(_ task: GridTask) throws {
        id = task.id
        state = task.state
        node = task.attempts.last?.node
        finishedAt = task.finishedAt
        var message = Noizylab_Store_TaskRecord()
        message.id = task.id.number
        message.task = Noizylab_Grid_TaskInfo(task)
        record = try message.serializedBytes()
    }

    /// In the order of the table's columns.
    var arguments: StatementArguments {
        [
            Int64(id.number), state.code, node?.text, finishedAt?.microseconds,
            RecordCheck.checksum(record, id: Int64(id.number), state: state.code), record,
        ]
    }

    static let columns = "id, state, node, finished_at, checksum, record"

    /// The task of a row of `id, state, checksum, record`, checked.
    static func task(_ row: Row) throws -> GridTask {
        let id: Int64 = row[0]
        let state: Int64 = row[1]
        let checksum: Int64 = row[2]
        return try row.withUnsafeData(atIndex: 3) { data in
            guard let data, RecordCheck.checksum(data, id: id, state: state) == checksum else {
                throw RecordCheck.Mismatch(what: "task number \(id)")
            }
            let task = try Noizylab_Store_TaskRecord(serializedBytes: data).task.model()
            guard Int64(task.id.number) == id, task.state.code == state else {
                throw RecordCheck.Mismatch(what: "task number \(id)")
            }
            return task
        }
    }
}

/// Tells a record that was written from one that was damaged.
enum RecordCheck {
    struct Mismatch: Error, CustomStringConvertible {
        let what: String
        var description: String { "the record of \(what) does not match its checksum" }
    }

    static func checksum(_ record: Data, id: Int64, state: Int64 = 0) -> Int64 {
        let seed = UInt64(bitPattern: id) &* 0x9E37_79B9_7F4A_7C15 ^ UInt64(bitPattern: state)
        return Int64(bitPattern: record.withUnsafeBytes { Checksum.of($0, seed: seed) })
    }
}
