import GridWire

/// Tasks as tables and documents.
struct TaskListing {
    let tasks: [Noizylab_Grid_TaskInfo]
    let now: Int64

    var listing: Listing {
        Listing(
            table: table(isWide: false), wide: table(isWide: true),
            documents: tasks.map { TaskDocument.make($0, output: nil) }, names: tasks.map(\.id))
    }

    private func table(isWide: Bool) -> Table {
        var columns: [Table.Column] = [
            .init("TASK"), .init("STATE"), .init("NODE"), .init("EXIT", .right), .init("TRIES", .right),
            .init("SUBMITTED"), .init("TOOK", .right),
        ]
        if isWide { columns += [.init("KEY"), .init("BY"), .init("PRIORITY", .right), .init("REASON")] }
        columns += [.init("COMMAND")]
        var table = Table(columns)
        for task in tasks {
            var cells: [Table.Cell] = [
                .init(task.id), .init(TaskText.words(task.state), .ofTask(task.state)),
                .init(task.attempts.last?.node ?? (task.spec.node.isEmpty ? "-" : "(\(task.spec.node))")),
                .init(Self.exit(task)), .init("\(task.attempts.count)"),
                .init(TimeText.relative(microseconds: task.submittedAtUs, now: now)), .init(took(task)),
            ]
            if isWide {
                cells += [
                    .init(task.key.isEmpty ? "-" : task.key), .init(task.spec.submitter),
                    .init("\(task.spec.priority)"),
                    .init(task.reason.isEmpty ? "-" : task.reason),
                ]
            }
            table.add(cells + [.init(TaskText.command(task.spec))])
        }
        return table
    }

    private static func exit(_ task: Noizylab_Grid_TaskInfo) -> String {
        guard let outcome = task.attempts.last.flatMap({ $0.hasOutcome ? $0.outcome : nil }) else { return "-" }
        if outcome.hasExitCode { return "\(outcome.exitCode)" }
        return outcome.hasSignal ? "signal \(outcome.signal)" : "-"
    }

    private func took(_ task: Noizylab_Grid_TaskInfo) -> String {
        if let outcome = task.attempts.last?.outcome, outcome.runUs > 0 {
            return TimeText.took(milliseconds: outcome.runUs / 1_000)
        }
        guard let started = task.attempts.last?.startedAtUs, started > 0 else { return "-" }
        let end = task.finishedAtUs == 0 ? now : task.finishedAtUs
        return TimeText.took(milliseconds: (end - started) / 1_000)
    }
}
