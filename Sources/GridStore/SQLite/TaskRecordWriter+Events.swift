import GridModel
import GridWire
import SwiftProtobuf

/// Events as the entries of a `noizylab.store.EventBlock`. The three that every task brings are written byte by byte,
/// for the reason that tasks are; a test holds them to what `Noizylab_Grid_Event` says of them.
extension TaskRecordWriter {
    mutating func append(_ event: GridEvent) throws {
        switch event.fact {
        case .taskSubmitted(let id, let type, let submitter):
            let task = id.description
            message(1) { writer in
                writer.writeHead(event, "task_submitted", task)
                writer.message(7) { text in
                    text.append("task ", task, " (", type, ") submitted")
                    if !submitter.isEmpty { text.append(" by ", submitter) }
                }
                writer.writeEntry(8, "type", type)
                writer.writeEntry(8, "submitter", submitter)
            }
        case .taskAssigned(let ref, let node):
            let task = ref.task.description
            message(1) { writer in
                writer.writeHead(event, "task_assigned", task)
                writer.write(5, UInt64(ref.epoch))
                writer.write(6, node.text)
                writer.message(7) { text in
                    text.append("task ", task, " assigned to ", node.text, " (attempt ", String(ref.epoch), ")")
                }
            }
        case .taskFinished(let id, let state, let reason):
            let task = id.description
            message(1) { writer in
                writer.writeHead(event, "task_finished", task)
                writer.message(7) { text in
                    text.append("task ", task, " ", state.rawValue)
                    if !reason.isEmpty { text.append(": ", reason) }
                }
                writer.writeEntry(8, "state", state.rawValue)
                writer.writeEntry(8, "reason", reason)
            }
        default:
            let record: [UInt8] = try Noizylab_Grid_Event(event).serializedBytes()
            write(1, record)
        }
    }

    private mutating func writeHead(_ event: GridEvent, _ kind: String, _ task: String) {
        write(1, event.number)
        write(2, event.at.microseconds)
        write(3, kind)
        write(4, task)
    }

    private mutating func append(_ pieces: String...) {
        for piece in pieces { append(utf8Of: piece) }
    }
}
