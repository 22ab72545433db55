import GridModel

/// What is under way for tasks that make others end: on which nodes room is kept for whom, how fast attempts may be ended,
/// and when to look again. At most one task has room kept on a node, so a node gives up its attempts one task at a time.
struct PreemptionBoard: Sendable {
    /// A node's room for one task.
    struct Claim: Sendable {
        let slot: Int
        let task: TaskID
        let shape: Shape
        let priority: Int
        /// Slots of what is still to end there for it.
        var ending: Set<Int>
    }

    private(set) var claims: [Int: Claim] = [:]
    /// When tasks that wait are looked at again; nil when none waits.
    var dueAt: MonotonicTime?
    /// Nodes whose room is no longer kept, and tasks that no longer have any: to be seen to at the end of the input.
    private var freed: [Int] = []
    private var disappointed: [(slot: Int, task: TaskID)] = []
    /// Living attempts that may be ended for others, by priority.
    private var living: [Int: Int] = [:]
    private var brake: TokenBucket
    private let settings: GridSettings

    init(_ settings: GridSettings) {
        self.settings = settings
        let rate = BucketRate(perSecond: 1, burst: settings.preemptionLeast)
        brake = TokenBucket(rate, at: MonotonicTime(nanoseconds: 0))
    }

    // MARK: whom it could be

    /// Whether such a task is ended for others at all.
    static func spares(_ spec: TaskSpec) -> Bool { spec.onLost != .retry }

    mutating func count(_ spec: TaskSpec, _ change: Int) {
        guard settings.preempts, !Self.spares(spec) else { return }
        let count = (living[spec.priority] ?? 0) + change
        living[spec.priority] = count > 0 ? count : nil
    }

    /// Of what lives and may be ended; nil when nothing may.
    var lowestPriority: Int? { living.keys.min() }

    // MARK: how fast

    /// Whether so many of `living` attempts may be asked to end now; if so, they are counted. The burst is a share of all,
    /// and comes back in ten seconds. More than a whole burst for one task waits for a full one and owes the rest.
    mutating func mayEnd(_ count: Int, of living: Int, at now: MonotonicTime) -> Bool {
        guard count > 0 else { return true }
        let burst = max(settings.preemptionLeast, Int(settings.preemptionShare * Double(living)), 1)
        let rate = BucketRate(perSecond: max(1, burst / 10), burst: burst)
        guard brake.milliseconds(until: min(count, burst), rate, at: now) == 0 else { return false }
        _ = brake.take(count, rate, allowance: count, at: now)
        return true
    }

    // MARK: whose room

    mutating func keep(_ claim: Claim, on node: Int) { claims[node] = claim }

    mutating func ended(_ slot: Int, on node: Int) -> Bool { claims[node]?.ending.remove(slot) != nil }

    /// The task does not need it any more.
    mutating func giveBack(_ node: Int, of slot: Int) -> Bool {
        guard claims[node]?.slot == slot else { return false }
        claims[node] = nil
        freed.append(node)
        return true
    }

    /// There will be no room for it there. True when there was to be.
    mutating func disappoint(_ node: Int) -> Bool {
        guard let claim = claims.removeValue(forKey: node) else { return false }
        freed.append(node)
        disappointed.append((claim.slot, claim.task))
        return true
    }

    /// The more urgent first, then the older.
    var inOrder: [(node: Int, claim: Claim)] {
        claims.map { ($0.key, $0.value) }.sorted {
            ($1.claim.priority, $0.claim.task) < ($0.claim.priority, $1.claim.task)
        }
    }

    mutating func nextDisappointed() -> (slot: Int, task: TaskID)? { disappointed.popLast() }
    mutating func nextFreed() -> Int? { freed.popLast() }
}
