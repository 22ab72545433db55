package import GridModel
import Synchronization

extension OutputStore {
    /// Deletes all output of a task. Who follows it comes to an end.
    package func remove(task: TaskID) throws(StoreError) {
        let shard = OutputFile(ref: AttemptRef(task: task, epoch: 1)).shard
        do throws(SystemFailure) {
            for name in try SystemCalls.names(in: "\(files.folder)/\(shard)") {
                guard let file = OutputFile(name: name), file.ref.task == task else { continue }
                try remove(file)
            }
        } catch {
            throw StoreError("could not delete the output of task \(task) in \(files.folder)", error)
        }
    }

    /// What retention did.
    package struct Retention: Sendable, Hashable {
        package var keptBytes: Int64 = 0
        package var removedBytes: Int64 = 0
        package var removedAttempts = 0
    }

    /// Deletes the output of tasks, oldest task first, until at most `maxBytes` are left, and all that was last
    /// written before `time`. Attempts that are open stay, and count. Reads every folder's names twice and holds none
    /// of them; call it once in a while, off the hot path.
    @discardableResult
    package func enforceRetention(maxBytes: Int64? = nil, writtenBefore time: Timestamp? = nil) throws(StoreError)
        -> Retention
    {
        do throws(SystemFailure) {
            var sizes = TaskSizes()
            try forEachFile { file, status in sizes.add(file.ref.task, status.size) }
            let cut = maxBytes.map { sizes.oldestKept(within: $0) } ?? 0
            var retention = Retention()
            try forEachFile { (file, status) throws(SystemFailure) in
                let isOld = time.map { status.modifiedMicroseconds < $0.microseconds } ?? false
                if (isOld || file.ref.task.number < cut) && !attempts.isOpen(file.ref) {
                    try remove(file)
                    retention.removedBytes += status.size
                    if file.part == 0 { retention.removedAttempts += 1 }
                } else {
                    retention.keptBytes += status.size
                }
            }
            return retention
        } catch {
            throw StoreError("could not delete old output in \(files.folder)", error)
        }
    }

    private func remove(_ file: OutputFile) throws(SystemFailure) {
        if let attempt = attempts.remove(file.ref) {
            attempt.change { state in
                state = OutputState(ended: state)
            }
        }
        try files.remove(file)
        // Its tails go with it, or soon after.
        if file.part == 0 { ledger.withLock { $0.forget(file.ref) } }
    }

    func forEachFile(
        _ body: (OutputFile, SystemCalls.Status) throws(SystemFailure) -> Void
    ) throws(SystemFailure) {
        for shard in try SystemCalls.names(in: files.folder) where shard.utf8.count == 2 {
            for name in try SystemCalls.names(in: "\(files.folder)/\(shard)") {
                guard let file = OutputFile(name: name),
                    let status = try SystemCalls.status("\(files.folder)/\(shard)/\(name)")
                else { continue }
                try body(file, status)
            }
        }
    }
}

/// Bytes by task, in a bounded number of ranges of task numbers: numbers ascend with time.
private struct TaskSizes {
    private var ranges: [UInt64: Int64] = [:]
    private var shift: UInt64 = 0
    private static let mostRanges = 65_536

    mutating func add(_ task: TaskID, _ size: Int64) {
        ranges[task.number >> shift, default: 0] += size
        while ranges.count > Self.mostRanges {
            shift += 1
            var halved: [UInt64: Int64] = [:]
            for (range, size) in ranges { halved[range >> 1, default: 0] += size }
            ranges = halved
        }
    }

    /// The first task number that stays when as many of the newest stay as fit.
    func oldestKept(within most: Int64) -> UInt64 {
        var left = most
        for (range, size) in ranges.sorted(by: { $0.key > $1.key }) {
            left -= size
            if left < 0 { return (range + 1) << shift }
        }
        return 0
    }
}
