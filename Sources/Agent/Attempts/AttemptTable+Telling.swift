package import GridModel

/// What one message to the coordinator holds of attempts.
package struct Tidings: Sendable {
    package var output: [(ref: AttemptRef, chunks: [OutputChunk])] = []
    package var reports: [AttemptReport] = []

    package var isEmpty: Bool { output.isEmpty && reports.isEmpty }
}

extension AttemptTable {
    /// Everything that can be told now, with at most so much output. An attempt's end is told after its last output,
    /// and those with more to say than fits go to the end of the queue.
    package mutating func takeTidings(outputLimit: Int, reportLimit: Int = 4_096) -> Tidings {
        var tidings = Tidings()
        guard isConnected else { return tidings }
        var left = outputLimit
        while left > 0, tidings.reports.count < reportLimit, let ref = queue.first {
            queue.removeFirst()
            guard let index = entries.index(forKey: ref) else { continue }
            entries.values[index].isQueued = false
            Self.tell(ref, &entries.values[index], &left, &tidings)
            if !entries.values[index].output.isSent { enqueue(ref) }
        }
        return tidings
    }

    /// Whether there is something to tell, and someone to tell it to.
    package var hasTidings: Bool { isConnected && !queue.isEmpty }

    /// Static: a method would borrow the table, whose entries would then be copied to be changed.
    private static func tell(_ ref: AttemptRef, _ entry: inout Entry, _ left: inout Int, _ tidings: inout Tidings) {
        if case .unwanted = entry.phase { return }
        if entry.tellsStarted { tidings.reports.append(.started(ref)) }
        entry.tellsStarted = false
        if let progress = entry.progress {
            tidings.reports.append(.progress(ref, percent: progress.percent, stage: progress.stage))
        }
        entry.progress = nil
        if !entry.output.isSent {
            let chunks = entry.output.take(limit: left)
            left -= chunks.reduce(0) { $0 + $1.bytes.count }
            tidings.output.append((ref, chunks))
        }
        if entry.output.isSent, entry.tellsFinished, case .finished(let outcome) = entry.phase {
            tidings.reports.append(.finished(ref, outcome))
            entry.tellsFinished = false
        }
    }
}
