import Foundation
import GridModel
import GridWire
import SwiftProtobuf

/// The living tasks of one commit as one row: each record behind its length, four bytes with the least first.
///
/// A task in the table costs a row and two index entries when it is accepted, and all of that again when it ends, a
/// blink later for most. So what lives is kept in blocks, a row for a whole commit, and comes to the table at its end,
/// or when its block has become old (`TaskBlocks`).
struct TaskBlock {
    private(set) var bytes = Data()
    private(set) var tasks: [GridTask] = []
    private var writer = TaskRecordWriter()

    mutating func append(_ task: GridTask) {
        writer.write(task)
        withUnsafeBytes(of: UInt32(writer.bytes.count).littleEndian) { bytes.append(contentsOf: $0) }
        bytes.append(contentsOf: writer.bytes)
        tasks.append(task)
    }

    static func tasks(in block: Data) throws -> [GridTask] {
        var tasks: [GridTask] = []
        var rest = block
        while !rest.isEmpty {
            let length = rest.prefix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
            let record = rest.dropFirst(4).prefix(length)
            guard rest.count >= 4, record.count == length else { throw RecordCheck.Mismatch(what: "a block of tasks") }
            tasks.append(try Noizylab_Store_TaskRecord(serializedBytes: record).task.model())
            rest = rest.dropFirst(4 + length)
        }
        return tasks
    }
}
