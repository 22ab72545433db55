package import GridModel

/// What the machine knows, for those who show it. All of it is as of the last input.
extension GridMachine {
    /// A living task; nil for one that has ended or never was.
    package func task(_ id: TaskID) -> GridTask? { tasks.slot(of: id).map { tasks[$0].task } }

    package func liveTask(forKey key: String) -> GridTask? { tasks.slot(forKey: key).map { tasks[$0].task } }

    package var liveTaskCount: Int { tasks.count }

    /// Those of the living tasks that `isWanted` holds for, in the order of submission, at most `limit`.
    package func liveTasks(limit: Int = .max, matching isWanted: (GridTask) -> Bool = { _ in true }) -> [GridTask] {
        var found: [GridTask] = []
        tasks.forEach { if isWanted($0.task) { found.append($0.task) } }
        found.sort { $0.id < $1.id }
        return found.count > limit ? Array(found.prefix(max(0, limit))) : found
    }

    /// How many living tasks there are in each state that has any.
    package var stateCounts: [TaskState: Int] {
        var counts: [TaskState: Int] = [:]
        for state in [TaskState.queued, .assigned, .running] where tasks.count(state) > 0 {
            counts[state] = tasks.count(state)
        }
        return counts
    }

    package var failoversPaused: Bool { brake.isEngaged }

    package func nodeViews(at moment: Moment) -> [NodeView] {
        knownNames.compactMap { nodeIndices[$0] }.map { view(of: $0, at: moment) }
    }

    package func nodeView(_ name: NodeName, at moment: Moment) -> NodeView? {
        nodeIndices[name].map { view(of: $0, at: moment) }
    }

    private func view(of index: Int, at moment: Moment) -> NodeView {
        let node = nodes[index]
        return NodeView(
            node: node.node, liveness: node.phase.liveness, sample: node.sample,
            silentMilliseconds: node.lastHeard.map { max(0, moment.monotonic.milliseconds(since: $0)) },
            skewMicroseconds: node.skewMicroseconds, runningAttempts: ledgers[index].attempts,
            reserved: ledgers[index].reserved, capacity: ledgers[index].capacity, trouble: node.trouble,
            isSlow: node.isSlow, answerMilliseconds: node.watch.answer.milliseconds,
            quarantineMilliseconds: node.flaps.until.map { max(0, $0.milliseconds(since: moment.monotonic)) },
            barredTypes: circuits.barred(on: index),
            drainMilliseconds: node.drainUntil.map { max(0, $0.milliseconds(since: moment.monotonic)) },
            risk: assessment(of: index), isAvoided: avoidance.nodes.contains(index), roads: node.shownRoads)
    }
}

/// A node as it is shown.
package struct NodeView: Sendable, Hashable {
    package var node: Node
    package var liveness: NodeLiveness
    /// The newest measurements; nil before the first.
    package var sample: NodeSample?
    /// Since it was last heard; nil when it never was since the coordinator started.
    package var silentMilliseconds: Int64?
    /// Its wall clock less ours.
    package var skewMicroseconds: Int64
    /// Attempts that live there, as the coordinator counts them.
    package var runningAttempts: Int
    /// Of GPUs: whole ones held, and memory held of shared ones.
    package var reserved: ResourceRequest
    /// Of GPUs: their number, and the memory of all.
    package var capacity: ResourceRequest
    /// Why it is not online, or why it is online and given nothing; empty when all is well.
    package var trouble = ""
    package var isSlow = false
    /// The longest it took to answer, of late.
    package var answerMilliseconds: Int64 = 0
    /// What is left of its quarantine; nil when there is none.
    package var quarantineMilliseconds: Int64?
    /// Task types that it is not given because they fail there.
    package var barredTypes: [String] = []
    /// Until what it still runs is moved; nil when it may take its time.
    package var drainMilliseconds: Int64?
    /// How likely it is to fail soon, as of ten seconds ago at most while it is online; nil before the first heartbeat.
    package var risk: RiskAssessment?
    /// It is given nothing new for its risk, as long as another node is open.
    package var isAvoided = false
    /// The ways to it, in the order in which they are preferred; empty when an agent dials in from there.
    package var roads: [RoadState] = []
}
