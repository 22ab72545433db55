import GridModel

/// One node as the coordinator knows it: what it is, whether it is there (`NodeWatch`), and what it may be given.
struct NodeMachine: Sendable {
    var node: Node
    var watch = NodeWatch()
    var session: SessionID?
    /// Of all its sessions the newest: what an older one says comes too late.
    var newestSession: UInt64 = 0
    /// Of the agent's process; 0 when unknown.
    var instance: UInt64 = 0
    /// On the monotonic clock; for people.
    var lastHeard: MonotonicTime?
    /// The time of its entry among the timers.
    var deadline: MonotonicTime?
    var sample: NodeSample?
    var skewMicroseconds: Int64 = 0
    /// The first of its living attempts, a slot of the task table; -1 when there is none.
    var firstAttempt = -1
    /// It is draining and something still runs: its end is to be announced.
    var isDrainPending = false
    /// When what still runs on a draining node is moved.
    var drainUntil: MonotonicTime?
    var flaps = FlapGuard()
    /// Told as slow.
    var isSlow = false
    /// Why it is not online, or why it is online and given nothing; for people.
    var trouble = ""
    /// The ways to it, when no agent runs there.
    var roads: [RoadState] = []
    /// What it said that cannot be, by kind; each is reported once a session.
    var lies: Set<String> = []
    /// Given up by its owner; the index waits for another.
    var isRemoved = false

    init(node: Node) {
        self.node = node
        watch.recall(AnswerTime(milliseconds: node.answerMilliseconds))
    }

    var phase: NodeWatch.Phase { watch.phase }

    /// Whether it ever said what it has.
    var isMeasured: Bool { node.inventory.cores > 0 }

    var mayTakeTasks: Bool {
        !isRemoved && phase == .online && node.schedulability == .open && !node.isExternal && session != nil
            && flaps.until == nil
    }
}
