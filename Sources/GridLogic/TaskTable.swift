import GridModel

/// A living task and what the machine must know of it beside the record.
struct LiveTask: Sendable {
    enum Phase: Hashable, Sendable {
        /// In the queue, in this line.
        case waiting(line: Int)
        /// Until its deadline.
        case backingOff
        /// Until attempts have ended on this node that were asked to for its sake.
        case roomKept(node: Int)
        /// Its newest attempt lives on this node.
        case living(node: Int)
    }

    var task: GridTask
    var phase: Phase
    /// The time of its entry among the timers.
    var deadline: MonotonicTime?
    /// Neighbours among the living attempts of its node; -1 at the ends.
    var previous = -1
    var next = -1
    /// Recovered from the store, which keeps no starts: it may have been started and is not to be started again.
    var mayHaveStarted = false
    /// Its node is gone, and it is lost if the node is not back by then.
    var lossDue: MonotonicTime?
    /// Its node is drained, or another needs its room, and was told to end it so that it can go on elsewhere.
    var isMoving = false
    /// Named by the hello that is being handled.
    var isListed = false

    init(task: GridTask, phase: Phase) {
        self.task = task
        self.phase = phase
    }

    static let vacant = LiveTask(
        task: GridTask(
            id: TaskID(number: 0), spec: TaskSpec(payload: .echo("")), key: nil, submittedAt: Timestamp(microseconds: 0)
        ),
        phase: .backingOff)

    var isVacant: Bool { task.id.number == 0 }
    var isDurable: Bool { task.spec.durability == .durable }
    var newest: Int { task.attempts.count - 1 }
}

/// The living tasks in slots that are used again, found by id and by key.
struct TaskTable: Sendable {
    /// Not optional, so that one can be looked at without being copied; a free one holds `vacant`.
    private var slots: [LiveTask] = []
    private var free: [Int] = []
    private var slotsByNumber: [UInt64: Int] = [:]
    private var slotsByKey: [String: Int] = [:]
    private var counts = [Int](repeating: 0, count: 3)
    private var countsBySubmitter: [String: Int] = [:]

    var count: Int { slotsByNumber.count }

    func slot(of id: TaskID) -> Int? { slotsByNumber[id.number] }
    func slot(forKey key: String) -> Int? { slotsByKey[key] }
    func contains(slot: Int) -> Bool { slot < slots.count && !slots[slot].isVacant }

    subscript(slot: Int) -> LiveTask {
        _read { yield slots[slot] }
        _modify { yield &slots[slot] }
    }

    mutating func reserveCapacity(_ count: Int) {
        slots.reserveCapacity(count)
        slotsByNumber.reserveCapacity(count)
    }

    mutating func insert(_ live: LiveTask) -> Int {
        let slot: Int
        if let last = free.popLast() {
            slot = last
            slots[slot] = live
        } else {
            slot = slots.count
            slots.append(live)
        }
        slotsByNumber[live.task.id.number] = slot
        if let key = live.task.key { slotsByKey[key] = slot }
        counts[Self.index(live.task.state)] += 1
        countsBySubmitter[live.task.spec.submitter, default: 0] += 1
        return slot
    }

    mutating func setState(_ slot: Int, _ state: TaskState) {
        counts[Self.index(self[slot].task.state)] -= 1
        counts[Self.index(state)] += 1
        self[slot].task.state = state
    }

    /// Takes out a task that has ended, with its last state.
    mutating func remove(_ slot: Int, ending state: TaskState) -> GridTask {
        counts[Self.index(self[slot].task.state)] -= 1
        slots[slot].task.state = state
        var ended = LiveTask.vacant
        swap(&ended, &slots[slot])
        let task = ended.task
        free.append(slot)
        slotsByNumber[task.id.number] = nil
        if let key = task.key { slotsByKey[key] = nil }
        let left = count(of: task.spec.submitter) - 1
        countsBySubmitter[task.spec.submitter] = left > 0 ? left : nil
        return task
    }

    func count(_ state: TaskState) -> Int { state.isTerminal ? 0 : counts[Self.index(state)] }

    func count(of submitter: String) -> Int { countsBySubmitter[submitter] ?? 0 }

    func forEach(_ body: (LiveTask) -> Void) {
        for live in slots where !live.isVacant { body(live) }
    }

    private static func index(_ state: TaskState) -> Int {
        switch state {
        case .queued: 0
        case .assigned: 1
        case .running: 2
        case .succeeded, .failed, .cancelled, .timedOut, .lost: preconditionFailure("a living task is \(state)")
        }
    }
}
