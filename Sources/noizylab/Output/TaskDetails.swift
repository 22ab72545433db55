import GridWire
import NoizyClient

/// All about one task, for people.
struct TaskDetails {
    let info: Noizylab_Grid_TaskInfo
    let now: Int64

    func print(to console: Console) {
        for (name, value) in rows where !value.isEmpty {
            let padding = String(repeating: " ", count: max(1, 12 - name.count))
            console.print(console.style.paint(name, .heading) + padding + TerminalText.oneLine(value))
        }
        guard !info.attempts.isEmpty else { return }
        var table = Table(
            .init("TRY", .right), .init("NODE"), .init("END"), .init("EXIT", .right), .init("STARTED"),
            .init("TOOK", .right), .init("CPU", .right), .init("MEMORY", .right), .init("WHY"))
        for attempt in info.attempts { table.add(cells(attempt)) }
        console.print("")
        console.write(table)
    }

    private var rows: [(String, String)] {
        [
            ("task", info.id), ("key", info.key), ("state", TaskText.situation(info)),
            ("type", TaskText.type(info.spec)), ("command", TaskText.command(info.spec)),
            (
                "submitted",
                moment(info.submittedAtUs) + (info.spec.submitter.isEmpty ? "" : " by \(info.spec.submitter)")
            ),
            ("finished", info.finishedAtUs == 0 ? "" : moment(info.finishedAtUs)), ("pinned to", info.spec.node),
            ("where", info.spec.where),
            ("needs", needs), ("priority", info.spec.priority == 0 ? "" : "\(info.spec.priority)"),
            ("retries", info.spec.retries == 0 ? "" : "\(info.spec.retries)"),
            ("timeout", info.spec.timeoutMs == 0 ? "" : DurationText.text(milliseconds: info.spec.timeoutMs)),
            ("on lost", info.spec.onLost), ("durability", info.spec.durability),
            ("folder", info.spec.command.workingDirectory),
            (
                "metadata",
                info.spec.metadata.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: " ")
            ),
            ("why", info.reason),
        ]
    }

    private var needs: String {
        let needs = info.spec.resources
        var parts: [String] = []
        if needs.cpuMillis > 0 { parts.append("\(Double(needs.cpuMillis) / 1_000) cores") }
        if needs.memoryBytes > 0 { parts.append("\(TimeText.bytes(needs.memoryBytes)) of memory") }
        if needs.gpus > 0 { parts.append("\(needs.gpus) GPUs") }
        if needs.gpuMemoryBytes > 0 { parts.append("\(TimeText.bytes(needs.gpuMemoryBytes)) of a GPU's memory") }
        if needs.diskBytes > 0 { parts.append("\(TimeText.bytes(needs.diskBytes)) of disk") }
        for (name, count) in needs.custom.sorted(by: { $0.key < $1.key }) { parts.append("\(count) \(name)") }
        return parts.joined(separator: ", ")
    }

    private func moment(_ microseconds: Int64) -> String {
        "\(TimeText.relative(microseconds: microseconds, now: now)) (\(TimeText.iso(microseconds: microseconds) ?? "-"))"
    }

    private func cells(_ attempt: Noizylab_Grid_AttemptInfo) -> [Table.Cell] {
        let outcome = attempt.outcome
        let end = attempt.hasOutcome ? TaskText.words(outcome.end) : "alive"
        let exit = outcome.hasExitCode ? "\(outcome.exitCode)" : outcome.hasSignal ? "signal \(outcome.signal)" : "-"
        let last = attempt.finishedAtUs == 0 ? now : attempt.finishedAtUs
        let micros = outcome.runUs > 0 ? outcome.runUs : attempt.startedAtUs == 0 ? -1 : last - attempt.startedAtUs
        let took = micros < 0 ? "-" : TimeText.took(milliseconds: micros / 1_000)
        return [
            .init("\(attempt.epoch)"), .init(attempt.node), .init(end, .ofTask(outcome.end)), .init(exit),
            .init(TimeText.relative(microseconds: attempt.startedAtUs, now: now)), .init(took),
            .init(attempt.hasOutcome ? TimeText.took(milliseconds: (outcome.userUs + outcome.systemUs) / 1_000) : "-"),
            .init(outcome.maxResidentBytes > 0 ? TimeText.bytes(outcome.maxResidentBytes) : "-"),
            .init(TaskText.why(attempt)),
        ]
    }
}
