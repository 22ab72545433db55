import GridWire
import NoizyClient
import Synchronization

/// Shows many nodes' output as it comes, each line with its node, and a row for each at the end. A node that prints a
/// single line has it in its row.
final class ExecReport: Sendable {
    private struct Stream: Hashable {
        let node: String
        let isError: Bool
    }

    private struct State {
        var partial: [Stream: [UInt8]] = [:]
        /// The first line of a node, which is held back until there is a second.
        var held: [String: (line: String, isError: Bool)] = [:]
        var counts: [String: Int] = [:]
    }

    private let format: OutputFormat
    private let isRaw: Bool
    private let nameWidth: Int
    private let state = Mutex(State())

    init(format: OutputFormat, isRaw: Bool, nameWidth: Int) {
        self.format = format
        self.isRaw = isRaw
        self.nameWidth = nameWidth
    }

    private var isForPeople: Bool { format == .table || format == .wide }

    func output(_ output: Noizylab_Grid_OutputUpdate, of node: String) {
        guard isForPeople else { return }
        state.withLock { state in
            for chunk in output.chunks {
                let stream = Stream(node: node, isError: chunk.stream == 2)
                var bytes = state.partial[stream] ?? []
                bytes += [UInt8](chunk.data)
                while let end = bytes.firstIndex(of: 10) {
                    line(Array(bytes[..<end]), stream, &state)
                    bytes.removeFirst(end + 1)
                }
                state.partial[stream] = bytes
            }
        }
    }

    func ended(_ result: ExecResult) {
        state.withLock { state in
            for isError in [false, true] {
                let stream = Stream(node: result.name, isError: isError)
                if let rest = state.partial.removeValue(forKey: stream), !rest.isEmpty { line(rest, stream, &state) }
            }
        }
        if format == .ndjson { Console.stdout.print(Self.document(result).compact) }
    }

    func finish(_ results: [ExecResult]) {
        switch format {
        case .json:
            Console.stdout.print(JSONValue.array(results.map(Self.document)).pretty)
        case .ndjson: break
        case .name: for result in results { Console.stdout.print(result.name) }
        case .table, .wide: Console.stdout.write(table(results))
        }
    }

    private func line(_ bytes: [UInt8], _ stream: Stream, _ state: inout State) {
        let text =
            isRaw
            ? String(decoding: bytes, as: UTF8.self) : TerminalText.oneLine(String(decoding: bytes, as: UTF8.self))
        let count = state.counts[stream.node, default: 0] + 1
        state.counts[stream.node] = count
        if count == 1 {
            state.held[stream.node] = (text, stream.isError)
            return
        }
        if let held = state.held.removeValue(forKey: stream.node) { print(held.line, stream.node, held.isError) }
        print(text, stream.node, stream.isError)
    }

    private func print(_ line: String, _ node: String, _ isError: Bool) {
        let console = isError ? Console.stderr : Console.stdout
        let padding = String(repeating: " ", count: max(0, nameWidth - node.count))
        console.print(console.style.paint(TerminalText.oneLine(node) + padding + " |", .quiet) + " " + line)
    }

    private func table(_ results: [ExecResult]) -> Table {
        var columns: [Table.Column] = [
            .init("NODE"), .init("STATE"), .init("EXIT", .right), .init("TOOK", .right),
        ]
        if format == .wide { columns.append(.init("TASK")) }
        var table = Table(columns + [.init("OUTPUT")])
        for result in results {
            let outcome = result.info?.attempts.last?.outcome
            var cells: [Table.Cell] = [
                .init(result.name),
                .init(TaskText.words(result.state), result.info == nil ? .bad : .ofTask(result.state)),
                .init(
                    outcome.map { $0.hasExitCode ? "\($0.exitCode)" : $0.hasSignal ? "signal \($0.signal)" : "-" }
                        ?? "-"),
                .init(outcome.map { TimeText.took(milliseconds: $0.runUs / 1_000) } ?? "-"),
            ]
            if format == .wide { cells.append(.init(result.info?.id ?? "-")) }
            table.add(cells + [.init(summary(result))])
        }
        return table
    }

    private func summary(_ result: ExecResult) -> String {
        guard let info = result.info else { return result.obstacle }
        let (held, count) = state.withLock { ($0.held[result.name]?.line, $0.counts[result.name] ?? 0) }
        let error = info.state == "failed" || info.state == "succeeded" ? "" : TaskDocument.error(info)
        if !error.isEmpty { return error }
        if let held { return held }
        return count == 0 ? TaskDocument.error(info) : "\(count) lines above"
    }

    private static func document(_ result: ExecResult) -> JSONValue {
        let outcome = result.info?.attempts.last?.outcome
        return .object([
            "node": .string(result.name), "state": .string(result.state),
            "exit_code": outcome.flatMap { $0.hasExitCode ? JSONValue($0.exitCode) : nil } ?? .null,
            "signal": outcome.flatMap { $0.hasSignal ? JSONValue($0.signal) : nil } ?? .null,
            "stdout": .string(String(decoding: result.output.stdout, as: UTF8.self)),
            "stderr": .string(String(decoding: result.output.stderr, as: UTF8.self)),
            "error": .string(result.info.map(TaskDocument.error) ?? result.obstacle),
            "id": JSONValue(result.info?.id), "run_ms": outcome.map { .double(Double($0.runUs) / 1_000) } ?? .null,
        ])
    }
}
