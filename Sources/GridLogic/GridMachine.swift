package import GridModel

/// The whole grid as a value: every task that lives, every node, what is reserved, what is due.
///
/// It decides and does nothing: `apply` takes what happened and when, and says what is to be done about it, in order.
/// The same inputs at the same moments give the same effects, whatever the machine. Whoever owns it commits what is to
/// be kept before anything else of a batch is done, feeds every input in the order it came, and ticks at `nextDeadline`.
///
/// A task is here from its submission until it settles; then the store alone knows it.
package struct GridMachine: Sendable {
    package let settings: GridSettings
    let backoff: Backoff
    let retryRule: RetryRule

    var tasks = TaskTable()
    var queue = TaskQueue()
    var nodes: [NodeMachine] = []
    /// What `nodes` have, at the same indices; apart, because placement looks at many of them.
    var fleet: Fleet
    var nodeIndices: [NodeName: Int] = [:]
    var freeNodes: [Int] = []
    var timers = Timers()
    var brake: FailoverBrake
    var hearing: Hearing
    let livenessRule: LivenessRule
    var circuits = CircuitBoard()
    /// Of `nodes`, at the same indices and as far as any was heard of; apart, because they are large.
    var risks: [RiskWatch?] = []
    var avoidance = Avoidance()
    /// Of the known ones, how many are slow at the moment.
    var slowNodes = 0
    var preemption: PreemptionBoard
    var chance: SplitMix64

    var nextTaskNumber: UInt64 = 1
    var nextEventNumber: UInt64 = 1
    var ephemeralCount: UInt64 = 0
    /// Changes whenever a node has more or less, comes or goes: what was found possible is looked at again.
    var capacityVersion: UInt64 = 1
    /// Until then what attempts should have said may still lie unread: set when the machine was held up itself.
    var patience = MonotonicTime(nanoseconds: 0)
    var now = Moment(monotonic: MonotonicTime(nanoseconds: 0), wall: Timestamp(microseconds: 0))

    package init(settings: GridSettings) {
        self.settings = settings
        backoff = Backoff(settings)
        retryRule = RetryRule(
            lostAttemptLimit: settings.lostAttemptLimit, poisonNodeLimit: settings.poisonNodeLimit)
        brake = FailoverBrake(windowMilliseconds: settings.lossWindowMilliseconds)
        hearing = Hearing(settings)
        livenessRule = LivenessRule(settings)
        preemption = PreemptionBoard(settings)
        chance = SplitMix64(seed: settings.seed)
        fleet = Fleet(rule: settings.placement, seed: settings.seed)
    }

    var ledgers: [Ledger] { fleet.ledgers }

    /// Handles one input. `moment` never goes back on the monotonic clock. Only a tick makes due what is due: of what
    /// came together everything else goes before it, so that nobody is judged by a silence that has already ended.
    package mutating func apply(_ input: GridInput, at moment: Moment, into effects: inout [GridEffect]) {
        now = moment
        noteOwnAbsence()
        switch input {
        case .submit(let spec, let key, let token):
            submit(spec, key: key, token, into: &effects)
        case .cancel(let id, let by, let token):
            cancel(id, by: by, token, into: &effects)
        case .registerNode(let node, let token):
            register(node, token, into: &effects)
        case .removeNode(let name, let by, let token):
            remove(name, by: by, token, into: &effects)
        case .setSchedulability(let name, let schedulability, let by, let token):
            setSchedulability(of: name, schedulability, by: by, token, into: &effects)
        case .drain(let name, let deadline, let by, let token):
            drain(name, deadlineMilliseconds: deadline, by: by, token, into: &effects)
        case .releaseNode(let name, let by, let token):
            release(name, by: by, token, into: &effects)
        case .nodeConnected(let node, let session, let attempts, let instance, let slept):
            connect(node, session, attempts: attempts, instance: instance, slept: slept, into: &effects)
        case .nodeDisconnected(let name, let session, let reason):
            disconnect(name, session, reason: reason, into: &effects)
        case .heartbeat(let name, let session, let sample):
            heartbeat(name, session, sample, into: &effects)
        case .heard(let name, let session, let number):
            if let node = index(of: name, session) { hear(node, answering: number, into: &effects) }
        case .vouched(let name, let helper):
            vouch(for: name, by: helper, into: &effects)
        case .roads(let name, let session, let roads):
            note(roads: roads, of: name, session, into: &effects)
        case .notListening(let start):
            hearing.missed(since: start, at: moment.monotonic)
        case .reports(let name, let session, let reports):
            handle(reports, from: name, session, into: &effects)
        case .note(let notice):
            emit(.identity(notice), into: &effects)
        case .tick:
            fireTimers(into: &effects)
            handBackRoom(into: &effects)
            keepOneOpen(into: &effects)
            return
        }
        handBackRoom(into: &effects)
        keepOneOpen(into: &effects)
        dropStaleFirst()
    }

    /// When to tick next, at the latest; nil when nothing is due ever.
    package var nextDeadline: MonotonicTime? { timers.first?.at }
}

extension GridMachine {
    mutating func emit(_ fact: GridEvent.Fact, into effects: inout [GridEffect]) {
        effects.append(.emit(GridEvent(number: nextEventNumber, at: now.wall, fact: fact)))
        nextEventNumber += 1
    }

    /// Emits a fact about a task, when it is one whose facts are kept.
    mutating func emit(_ fact: GridEvent.Fact, about live: Bool, into effects: inout [GridEffect]) {
        if live { emit(fact, into: &effects) }
    }

    func save(_ slot: Int, into effects: inout [GridEffect]) {
        if tasks[slot].isDurable { effects.append(.saveTask(tasks[slot].task)) }
    }

    /// The node of a session that is still the newest of its node.
    func index(of name: NodeName, _ session: SessionID) -> Int? {
        guard let index = nodeIndices[name], nodes[index].session == session else { return nil }
        return index
    }

    func order(_ order: Order, to node: Int, into effects: inout [GridEffect]) {
        guard let session = nodes[node].session else { return }
        effects.append(.order(nodes[node].node.name, session, order))
    }
}
