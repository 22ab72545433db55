package import GridModel

/// Where a task could go and why not elsewhere: every node with what keeps the task from it, or its rank.
package struct PlacementReport: Sendable, Hashable {
    /// The filters, in the order in which they are asked; the first that says no is told.
    package enum Filter: String, Sendable, Hashable, CaseIterable {
        case pin, external, constraint, signature, liveness, schedulability, measured, quarantine, circuit, risk
        case cores, memory, disk, gpu, resource, attempts, preemption
    }

    /// What keeps the task from a node.
    package struct Obstacle: Sendable, Hashable {
        package var filter: Filter
        /// With numbers, for people.
        package var words: String
        /// It would not fit if nothing else were there either.
        package var isLasting: Bool
    }

    /// One node, as this task finds it.
    package struct Verdict: Sendable, Hashable {
        package var node: NodeName
        /// Nil when the node would take the task now.
        package var obstacle: Obstacle?
        /// From 1, the node that the task would get first; 0 when it could not have it.
        package var place = 0
        /// What it would cost the tasks to come, in GPUs.
        package var stranded = 0.0
        package var load = 0.0
        package var roundTripMicroseconds: Int64 = 0
        /// Attempts of this task that were there.
        package var timesTried = 0
    }

    package var rule: PlacementRule
    /// Nil for a task that is only thought of.
    package var task: GridTask?
    /// By name.
    package var verdicts: [Verdict]
    /// How many tasks that wait would be placed before it, and how many wait at all; nil when it does not wait.
    package var queue: (ahead: Int, waiting: Int)? {
        get { queueAhead.map { ($0, queueLength) } }
        set {
            queueAhead = newValue?.ahead
            queueLength = newValue?.waiting ?? 0
        }
    }
    private var queueAhead: Int?
    private var queueLength = 0
    /// One sentence.
    package var summary = ""
    /// The command that would help; empty when none would.
    package var remedy = ""

    init(rule: PlacementRule, task: GridTask?, verdicts: [Verdict]) {
        self.rule = rule
        self.task = task
        self.verdicts = verdicts
    }
}

extension PlacementReport {
    var isPossibleNow: Bool { verdicts.contains { $0.place > 0 } }

    /// Sets what is to be said of it all.
    mutating func sumUp(_ shape: Shape) {
        if let task, task.state != .queued {
            summary =
                task.attempts.last.map { "it is \(task.state.rawValue) on \($0.node)" }
                ?? "it is \(task.state.rawValue)"
            remedy = "noizylab task logs \(task.id)"
        } else if let task, let notBefore = task.notBefore {
            summary = "\(task.reason); not before \(notBefore.milliseconds) ms of the clock"
            remedy = "noizylab task watch \(task.id)"
        } else if let first = verdicts.first(where: { $0.place == 1 }) {
            let others = verdicts.count { $0.place > 1 }
            summary = "it would go to \(first.node)" + (others > 0 ? "; \(others) more could take it" : "")
        } else if verdicts.isEmpty {
            summary = "there is no node yet"
            remedy = "noizylab token create, and noizylab join on the machine that is to work"
        } else {
            explainObstacles()
        }
    }

    /// The obstacle that is nearest to being none is told first: a node that is only busy before one that never could.
    private mutating func explainObstacles() {
        let obstacles = verdicts.compactMap { verdict in verdict.obstacle.map { (verdict.node, $0) } }
        guard let (node, nearest) = Self.nearest(of: obstacles) else { return }
        summary = "no node can take it now; nearest is \(node): \(nearest.words)"
        remedy =
            switch nearest.filter {
            case .schedulability: "noizylab node undrain \(node)"
            case .liveness, .measured: "noizylab node show \(node)"
            case .cores, .memory, .gpu, .disk, .resource, .attempts:
                nearest.isLasting
                    ? "the same with less: noizylab run --plan" : "noizylab task list --state running --node \(node)"
            case .quarantine, .circuit, .risk: "noizylab node release \(node)"
            case .preemption: "noizylab task list --node \(node)"
            case .constraint: "noizylab node list -o wide, for what the nodes are"
            case .signature: "the same with --sign, or with --on for the node's own word"
            case .pin, .external: "the same without --on"
            }
    }

    static func nearest(of obstacles: [(NodeName, Obstacle)]) -> (NodeName, Obstacle)? {
        obstacles.min { distance($0.1) < distance($1.1) }
    }

    private static func distance(_ obstacle: Obstacle) -> Int {
        let order: Int =
            switch obstacle.filter {
            case .cores, .memory, .disk, .gpu, .resource, .attempts, .preemption: 0
            case .schedulability: 1
            case .liveness, .measured, .quarantine, .circuit, .risk: 2
            case .constraint, .signature: 3
            case .external, .pin: 4
            }
        return order + (obstacle.isLasting ? 10 : 0)
    }
}
