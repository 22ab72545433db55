import Foundation
import GRDB
import GridModel
import GridWire
import SwiftProtobuf

/// A task as a row: what can be asked for in columns, everything in the record.
enum TaskRow {
    /// In the order of `columns`.
    static func arguments(_ task: GridTask, _ writer: inout TaskRecordWriter) -> StatementArguments {
        writer.write(task)
        let record = Data(writer.bytes)
        let id = Int64(task.id.number)
        let checksum = RecordCheck.checksum(record, id: id, state: task.state.code)
        return [
            id, task.state.code, task.attempts.last?.node.text, task.finishedAt?.microseconds, checksum, record,
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
