import GridModel

/// Which living tasks stand in which block of the database, and the tasks themselves: queries find them here.
///
/// Of a task's records the one in the table counts, else the one in the newest block. A block is *held* while a task in
/// it lives whose newest record it has, then *spent* until a commit deletes it.
struct TaskBlocks {
    struct Kept {
        var task: GridTask
        var block: Int64
    }

    private struct Held {
        var ids: [TaskID]
        var livingCount: Int
    }

    /// More blocks are not held: the tasks of the oldest move to the table.
    private static let heldLimit = 256

    private(set) var tasks: [TaskID: Kept] = [:]
    private(set) var keys: [String: TaskID] = [:]
    private(set) var spent: [Int64] = []
    private(set) var next: Int64 = 1
    private var held: [Int64: Held] = [:]

    /// What is to move to the table with the next commit, oldest first; usually nothing.
    var overdue: [Int64] {
        held.count <= Self.heldLimit ? [] : Array(held.keys.sorted().prefix(held.count - Self.heldLimit))
    }

    var all: [Int64] { (held.keys + spent).sorted() }

    /// The tasks whose newest record this block has.
    func living(in block: Int64) -> [GridTask] {
        (held[block]?.ids ?? []).compactMap { id in tasks[id].flatMap { $0.block == block ? $0.task : nil } }
    }

    mutating func add(_ block: Int64, _ newest: [GridTask]) {
        next = max(next, block + 1)
        held[block] = Held(ids: newest.map(\.id), livingCount: newest.count)
        for task in newest {
            if let old = tasks.updateValue(Kept(task: task, block: block), forKey: task.id) { release(old.block) }
            if let key = task.key { keys[key] = task.id }
        }
        if newest.isEmpty { retire(block) }
    }

    /// It has ended, or moved to the table.
    mutating func remove(_ id: TaskID) {
        guard let kept = tasks.removeValue(forKey: id) else { return }
        if let key = kept.task.key { keys[key] = nil }
        release(kept.block)
    }

    mutating func deleted(_ blocks: [Int64]) {
        if blocks.isEmpty { return }
        for block in blocks { held[block] = nil }
        spent.removeAll { blocks.contains($0) }
    }

    private mutating func release(_ block: Int64) {
        held[block]?.livingCount -= 1
        if held[block]?.livingCount == 0 { retire(block) }
    }

    private mutating func retire(_ block: Int64) {
        held[block] = nil
        spent.append(block)
    }
}
