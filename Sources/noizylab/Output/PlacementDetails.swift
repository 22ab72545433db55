import GridWire

/// Where a task could go, and why not elsewhere.
struct PlacementDetails {
    let report: Noizylab_Grid_PlacementReport
    let now: Int64

    func print(as format: DocumentFormat, to console: Console = .stdout) {
        switch format {
        case .json: console.print(document.pretty)
        case .text: print(to: console)
        }
    }

    private func print(to console: Console) {
        if report.hasTask { TaskDetails(info: report.task, now: now).print(to: console) }
        if !report.nodes.isEmpty {
            if report.hasTask { console.print("") }
            console.write(table)
        }
        console.print("")
        if report.hasQueueAhead {
            console.print("\(report.queueAhead) of \(report.queueLength) tasks that wait go before it")
        }
        console.print(report.summary)
        if !report.remedy.isEmpty { console.print(console.style.paint("try", .heading) + ": \(report.remedy)") }
    }

    /// Those that would take it first, in their order; the others by name.
    private var table: Table {
        var table = Table(
            .init("PLACE", .right), .init("NODE"), .init("LOAD", .right), .init("STRANDS", .right),
            .init("LATENCY", .right), .init("TRIED", .right), .init("WHY NOT"))
        let ranked = report.nodes.filter { $0.place > 0 }.sorted { $0.place < $1.place }
        for node in ranked + report.nodes.filter({ $0.place == 0 }) {
            table.add(
                .init(node.place > 0 ? "\(node.place)" : "-"), .init(node.node), .init("\(Int(node.load * 100)) %"),
                .init(node.place > 0 ? "\(hundredths(node.strandedGpus)) GPU" : "-"),
                .init(node.roundTripUs > 0 ? "\(hundredths(Double(node.roundTripUs) / 1_000)) ms" : "-"),
                .init("\(node.timesTried)"), .init(node.reason.isEmpty ? "" : "\(node.filter): \(node.reason)"))
        }
        return table
    }

    private var document: JSONValue {
        .object([
            "task": report.hasTask ? .string(report.task.id) : .null,
            "state": report.hasTask ? .string(report.task.state) : .null,
            "policy": .string(report.policy), "summary": .string(report.summary),
            "remedy": report.remedy.isEmpty ? .null : .string(report.remedy),
            "queue_ahead": report.hasQueueAhead ? JSONValue(report.queueAhead) : .null,
            "queue_length": report.hasQueueLength ? JSONValue(report.queueLength) : .null,
            "nodes": .array(
                report.nodes.map { node in
                    .object([
                        "node": .string(node.node), "place": node.place > 0 ? JSONValue(Int(node.place)) : .null,
                        "filter": node.filter.isEmpty ? .null : .string(node.filter),
                        "reason": node.reason.isEmpty ? .null : .string(node.reason),
                        "lasting": .bool(node.isLasting), "load": .double(hundredths(node.load)),
                        "stranded_gpus": .double(hundredths(node.strandedGpus)),
                        "latency_ms": .double(hundredths(Double(node.roundTripUs) / 1_000)),
                        "times_tried": JSONValue(Int(node.timesTried)),
                    ])
                }),
            "attempts": .array(
                report.task.attempts.map { attempt in
                    .object([
                        "node": .string(attempt.node), "end": .string(attempt.outcome.end),
                        "error": .string(attempt.outcome.error),
                    ])
                }),
        ])
    }

    private func hundredths(_ value: Double) -> Double { (value * 100).rounded() / 100 }
}
