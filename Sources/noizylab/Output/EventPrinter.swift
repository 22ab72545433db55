import GridWire
import Synchronization

/// Prints events as they come: lines for people, documents for programs. A document of all of them is printed at the
/// end, unless the end never comes.
final class EventPrinter: Sendable {
    private let format: OutputFormat
    private let isFollowing: Bool
    private let console: Console
    private let documents = Mutex<[JSONValue]>([])

    init(format: OutputFormat, isFollowing: Bool, console: Console = .stdout) {
        self.format = format
        self.isFollowing = isFollowing
        self.console = console
    }

    func take(_ events: [Noizylab_Grid_Event]) {
        for event in events {
            switch format {
            case .json where !isFollowing: documents.withLock { $0.append(Self.document(event)) }
            // A list that never ends is a line for each.
            case .json, .ndjson: console.print(Self.document(event).compact)
            case .name: console.print("\(event.number)")
            case .table, .wide: console.print(line(event))
            }
        }
    }

    func finish() {
        if format == .json, !isFollowing { console.print(JSONValue.array(documents.withLock { $0 }).pretty) }
    }

    private func line(_ event: Noizylab_Grid_Event) -> String {
        let number = "\(event.number)"
        let padding = String(repeating: " ", count: max(0, 6 - number.count))
        let time = TimeText.iso(microseconds: event.atUs) ?? "-"
        var text = padding + number + "  " + console.style.paint(time, .quiet) + "  "
        if format == .wide {
            text += event.kind + String(repeating: " ", count: max(1, 28 - event.kind.count))
        }
        return text + console.style.paint(TerminalText.oneLine(event.text), Self.tone(event))
    }

    private static func tone(_ event: Noizylab_Grid_Event) -> Tone {
        switch event.kind {
        case "task_finished": .ofTask(event.data["state"] ?? "")
        case "node_online": .good
        case "node_suspect", "task_retrying", "task_preempted", "failovers_paused", "late_result_refused",
            "enrolment_waiting":
            .warning
        case "node_offline", "node_key_refused", "certificate_revoked": .bad
        default: .plain
        }
    }

    static func document(_ event: Noizylab_Grid_Event) -> JSONValue {
        .object([
            "number": JSONValue(event.number), "at": JSONValue(TimeText.iso(microseconds: event.atUs)),
            "kind": .string(event.kind), "task": event.task.isEmpty ? .null : .string(event.task),
            "epoch": event.epoch == 0 ? .null : JSONValue(event.epoch),
            "node": event.node.isEmpty ? .null : .string(event.node), "text": .string(event.text),
            "data": .sorted(event.data),
        ])
    }
}
