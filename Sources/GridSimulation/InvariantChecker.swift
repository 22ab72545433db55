import GridLogic
import GridModel

/// What must be true of the grid, kept beside the machine from its inputs and effects alone and compared with it step
/// by step. The first thing that is wrong is kept, and ends the run.
///
/// The numbers in the rules are those of the invariants in the design. Everything here is a second opinion: it shares
/// no code with the machine.
struct InvariantChecker {
    /// A living task as the effects tell it.
    struct TaskModel {
        let spec: TaskSpec
        let key: String?
        var state = TaskState.queued
        var attempts = 0
        var living: Living?
        var isCancelRequested = false
        var failures = 0
        var gone = 0
        var refusals = 0
        /// Attempts that were asked to end for others, and whether the last one ended so.
        var preemptions = 0
        var endedPreempted = false
        var wasLost = false
        /// Nodes that were lost while they ran it.
        var lostNodes: Set<NodeName> = []
        var endedLost = false
        /// Microseconds; nil when the last end was before a restart.
        var lastEndAt: Int64?
        /// Nil when it was not seen from its beginning.
        var wait: Wait?
    }

    struct Living {
        let epoch: UInt32
        let node: NodeName
        let reservation: Reservation
        var preemption: Preemption?
    }

    struct NodeModel {
        var session: SessionID?
        var newestSession: UInt64 = 0
        var lastHeard: Int64 = 0
        /// As events told it.
        var liveness = NodeLiveness.offline
        var schedulability = Schedulability.open
        var inventory = NodeInventory()
        var cpuMillis: Int64 = 0
        var memoryBytes: Int64 = 0
        /// By GPU: memory held, and whether it is held whole.
        var gpus: [Int: (shared: Int64, isWhole: Bool)] = [:]
        var attempts = 0
        /// The task whose room is kept there, by its number.
        var keptFor: UInt64?
        var healing = NodeHealing()
        var risk = NodeRiskModel()
    }

    let settings: GridSettings
    private(set) var violation: SimulationReport.Violation?
    var tasks: [UInt64: TaskModel] = [:]
    var nodes: [NodeName: NodeModel] = [:]
    var liveKeys: [String: TaskID] = [:]
    var counts: [TaskState: Int] = [:]
    var nextTaskNumber: UInt64 = 1
    var nextEventNumber: UInt64 = 1
    var figures = SimulationReport.Figures()

    /// Of the input that is being handled.
    var now: Int64 = 0
    /// When the coordinator was last seen to have been away, for how long, and when it started.
    var wokeAt: Int64 = .min / 2
    var startedAt: Int64 = 0
    /// Until then it is patient with everybody because it was away.
    var settledAt: Int64 = .min / 2
    var clockOffset: Int64?
    var isConnecting = false
    /// Whose hello said what cannot be, until that is told.
    var liar: NodeName?
    /// Whose risk became high, until something follows.
    var atRisk: NodeName?
    var types = TypeHealth()
    var turns = Turns()
    var preemptions = Preemptions()
    var isClockSteady = true
    var reported: [AttemptRef: (end: AttemptOutcome.End, by: NodeName)] = [:]
    private var submitted: [RequestToken: (TaskSpec, String?)] = [:]
    var pausedAt: Int64?
    /// When failovers were last taken up again.
    var resumedAt: Int64 = .min / 2
    private var isSilenceBelieved = false

    init(settings: GridSettings) { self.settings = settings }

    mutating func fail(_ rule: String, _ detail: String) {
        if violation == nil { violation = SimulationReport.Violation(rule: rule, detail: detail) }
    }

    /// Takes in an input as it was given to the machine, whose deadline was `deadline`.
    mutating func willApply(_ input: GridInput, at now: Int64, _ moment: Moment, deadline: Int64?) {
        let previous = self.now
        self.now = now
        figures.steps += 1
        isSilenceBelieved = false
        if !reported.isEmpty { reported.removeAll(keepingCapacity: true) }
        noteAbsence(deadline, after: previous)
        noteClocks(moment)
        isConnecting = false
        switch input {
        case .submit(let spec, let key, let token):
            submitted[token] = (spec, key)
        case .nodeConnected(let node, let session, _, _, let slept):
            isConnecting = true
            guard session.number >= nodes[node.name]?.newestSession ?? 0 else { return }
            willConnect(node, slept: slept)
            forgetKeptRoom(on: node.name)
            nodes[node.name, default: NodeModel()].session = session
            nodes[node.name]?.newestSession = session.number
            nodes[node.name]?.inventory = node.inventory.clamped
            heard(node.name)
        case .nodeDisconnected(let name, let session, _):
            if nodes[name]?.session == session {
                nodes[name]?.session = nil
                nodes[name]?.healing.closedAt = now
                forgetKeptRoom(on: name)
            }
        case .heartbeat(let name, let session, _):
            if nodes[name]?.session == session { heard(name) }
        case .heard(let name, let session, _):
            if nodes[name]?.session == session { heard(name) }
        case .reports(let name, let session, let reports):
            guard nodes[name]?.session == session else { return }
            heard(name)
            for case .finished(let ref, let outcome) in reports { reported[ref] = (outcome.end, name) }
        case .setSchedulability(let name, let schedulability, _, _):
            nodes[name]?.schedulability = schedulability
            if schedulability != .open { forgetKeptRoom(on: name) }
            if nodes[name]?.risk.isDrained == true, schedulability == .open { nodes[name]?.risk.excuse() }
            nodes[name]?.risk.isDrained = false
            if schedulability != .draining { nodes[name]?.healing.drainBy = nil }
        case .drain(let name, let deadline, _, _):
            nodes[name]?.schedulability = .draining
            forgetKeptRoom(on: name)
            nodes[name]?.risk.isDrained = false
            nodes[name]?.healing.drainBy = now + deadline * 1_000
            nodes[name]?.healing.cancelled = []
        case .releaseNode(let name, _, _):
            types.forget(name)
            nodes[name]?.risk.excuse()
        case .cancel, .registerNode, .removeNode, .vouched, .roads, .notListening, .note, .tick: break
        }
    }

    mutating func observe(_ effect: GridEffect) {
        switch effect {
        case .saveTask(let task): observe(task)
        case .taskChanged(let task):
            observe(task)
            if task.state.isTerminal { fail("1 one end", "t\(task.id.number) changed to \(task.state)") }
        case .accepted(let token, let task, let isNew):
            observeAccepted(token, task, isNew)
        case .answered(_, .task(let task)):
            if !task.state.isTerminal { observe(task) }
        case .refused(let token, _):
            submitted[token] = nil
        case .taskSettled(let task): observeSettled(task)
        case .emit(let event): observe(event)
        case .order(let name, let session, .start(let start)): observeStart(start.ref, name, session)
        case .deleteNode(let name):
            nodes[name] = nil
            types.forget(name)
        case .order(let name, _, .cancel(let ref, _)): nodes[name]?.healing.cancelled.insert(ref)
        case .probe(let name, _, _): nodes[name]?.healing.asked += 1
        case .answered(_, .node), .saveNode, .order, .progress, .askOthers: break
        }
    }

    private mutating func observeAccepted(_ token: RequestToken, _ task: GridTask, _ isNew: Bool) {
        guard let (spec, key) = submitted.removeValue(forKey: token) else {
            fail("1 answers", "submission #\(token.number) was answered twice, or never made")
            return
        }
        if task.spec != spec || task.key != key { fail("6 same key", "t\(task.id.number) is not what was asked for") }
        if let key, let known = liveKeys[key], known != task.id {
            fail("6 same key", "key \(key) gives t\(task.id.number) and names t\(known.number)")
        }
        if isNew {
            figures.submitted += 1
            if let key { liveKeys[key] = task.id }
        }
        observe(task)
        if isNew { noteWait(task) }
    }

    private mutating func observeStart(_ ref: AttemptRef, _ name: NodeName, _ session: SessionID) {
        guard let living = tasks[ref.task.number]?.living, living.epoch == ref.epoch, living.node == name else {
            fail("2 newest epoch", "t\(ref.task.number).\(ref.epoch) is started on \(name), where it does not live")
            return
        }
        if nodes[name]?.session != session { fail("2 newest session", "\(name) is spoken to on an old session") }
    }

    private mutating func observe(_ event: GridEvent) {
        if event.number != nextEventNumber {
            fail("events without gap", "number \(event.number) where \(nextEventNumber) follows")
        }
        nextEventNumber = event.number + 1
        figures.events = event.number
        switch event.fact {
        case .nodeOnline(let name):
            cameBack(name)
            nodes[name]?.liveness = .online
        case .nodeSuspect(let name, _):
            nodes[name]?.liveness = .suspect
            forgetKeptRoom(on: name)
        case .nodeOffline(let name, _): observeGivenUp(name)
        case .failoversPaused(let isPaused, _):
            figures.pauses += isPaused ? 1 : 0
            let bound = settings.failoverPauseMilliseconds * 1_000
            if let pausedAt, !isPaused, now - pausedAt >= bound { isSilenceBelieved = true }
            pausedAt = isPaused ? now : nil
            if !isPaused { resumedAt = now }
        case .lateResultRefused: figures.lateResults += 1
        case .taskRoomMade: turns.isDisturbed = true
        case .nodeRisk, .nodeAvoided, .nodeSchedulabilityChanged: observeRisk(event.fact)
        default: observeHealing(event.fact)
        }
    }

    /// Invariant 9: nothing is given up while half of what was there, and at least two, cannot be heard.
    private mutating func observeGivenUp(_ name: NodeName) {
        figures.nodesGivenUp += 1
        checkPatience(name)
        let heard = nodes.values.count(where: { $0.liveness == .online })
        let unheard = nodes.values.count(where: { $0.liveness == .suspect })
        if unheard >= 2, unheard >= heard, !isSilenceBelieved {
            fail("9 suspects itself", "\(name) is given up while \(unheard) of \(unheard + heard) are unheard")
        }
        nodes[name]?.liveness = .offline
        forgetKeptRoom(on: name)
    }

    /// After a restart: what the store has is all there is.
    mutating func recovered(from store: SimulatedStore, at now: Int64) {
        self.now = now
        tasks.removeAll(keepingCapacity: true)
        liveKeys.removeAll(keepingCapacity: true)
        counts = [:]
        submitted = [:]
        pausedAt = nil
        startedAt = now
        wokeAt = .min / 2
        clockOffset = nil
        types = TypeHealth()
        turns = Turns()
        preemptions = Preemptions()
        nextTaskNumber = store.nextTaskNumber
        nextEventNumber = store.nextEventNumber
        nodes = store.nodes.mapValues { node in
            var model = NodeModel()
            model.schedulability = node.schedulability
            model.inventory = node.inventory
            model.risk.isDrained = node.isDrainedForRisk
            if node.schedulability == .draining, let deadline = node.drainDeadline {
                model.healing.drainBy = max(now, deadline.microseconds - Self.wallStart)
            }
            return model
        }
        for (number, task) in store.living { restore(number, task) }
    }

    private mutating func restore(_ number: UInt64, _ task: GridTask) {
        var model = TaskModel(spec: task.spec, key: task.key)
        if let key = task.key { liveKeys[key] = task.id }
        for attempt in task.attempts {
            model.attempts += 1
            model.preemptions += attempt.preemption == nil ? 0 : 1
            if let outcome = attempt.outcome {
                let isPreempted = attempt.isPreempted
                model.endedPreempted = isPreempted
                model.endedLost = outcome.end == .lost && !isPreempted
                if model.endedLost, attempt.startedAt != nil { model.lostNodes.insert(attempt.node) }
                if !isPreempted { count(outcome.end, in: &model) }
            } else {
                model.living = Living(
                    epoch: attempt.epoch, node: attempt.node, reservation: attempt.reservation,
                    preemption: attempt.preemption)
                hold(attempt.reservation, on: attempt.node, 1)
                nodes[attempt.node]?.liveness = .suspect
            }
        }
        model.lastEndAt = nil
        model.state = task.state
        model.isCancelRequested = task.cancelRequested
        tasks[number] = model
        counts[task.state, default: 0] += 1
    }
}
