import GridModel

/// How many kept tasks are in each state, which of them live, and which of these stand in blocks, in memory: counted
/// once at open from an index alone, then moved along with every commit. So `status` costs nothing with a million
/// finished tasks, and no row of counters is rewritten in every transaction.
struct StateLedger {
    /// Kept tasks that have not ended.
    private(set) var living: [TaskID: TaskState] = [:]
    private(set) var counts: [TaskState: Int] = [:]
    /// The highest number ever kept; a higher one is certainly new.
    private(set) var newest: UInt64 = 0
    private(set) var blocks = TaskBlocks()

    struct Change {
        var id: TaskID
        /// Nil: it was not there.
        var from: TaskState?
        /// Nil: it is gone.
        var to: TaskState?
    }

    mutating func apply(_ change: Change) {
        if let from = change.from { counts[from, default: 0] -= 1 }
        if let to = change.to { counts[to, default: 0] += 1 }
        if let to = change.to, !to.isTerminal {
            living[change.id] = to
        } else if let from = change.from, !from.isTerminal {
            living[change.id] = nil
        }
        newest = max(newest, change.id.number)
    }

    mutating func apply(_ saved: SavedTasks) {
        for change in saved.changes { apply(change) }
        for id in saved.tabled { blocks.remove(id) }
        if let block = saved.block { blocks.add(block.number, block.tasks) }
        blocks.deleted(saved.deletedBlocks)
    }

    /// At open, in ascending order: what of a block is not in the table.
    mutating func add(_ number: Int64, _ tasks: [GridTask]) {
        blocks.add(number, tasks)
        for task in tasks { apply(Change(id: task.id, from: living[task.id], to: task.state)) }
    }

    /// At open: so many finished tasks are there.
    mutating func add(finished state: TaskState, count: Int) { counts[state, default: 0] += count }

    mutating func noteNewest(_ number: UInt64) { newest = max(newest, number) }
}

/// The numbers that stand for states in the database; never changed, only added to.
extension TaskState {
    /// Below `firstTerminalCode` it lives.
    var code: Int64 {
        switch self {
        case .queued: 0
        case .assigned: 1
        case .running: 2
        case .succeeded: 3
        case .failed: 4
        case .cancelled: 5
        case .timedOut: 6
        case .lost: 7
        }
    }

    init?(code: Int64) {
        guard let state = Self.allCases.first(where: { $0.code == code }) else { return nil }
        self = state
    }
}
