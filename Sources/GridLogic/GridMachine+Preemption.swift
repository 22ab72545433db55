import GridModel

/// Tasks that wait end what is less urgent: attempts of tasks with a lower declared priority that may be begun anew. They
/// are asked first, as in a drain, so that nothing runs twice, and the room they leave is kept for whom they left it.
///
/// A task is in this at most `preemptionLimit` times, and never because of its age: of two tasks one alone can end the
/// other, so they do not take turns at it.
extension GridMachine {
    /// A task began to wait.
    mutating func armPreemption() {
        guard settings.preempts, preemption.dueAt == nil else { return }
        let due = now.monotonic.advanced(byMilliseconds: settings.preemptionIntervalMilliseconds)
        preemption.dueAt = due
        insertTimer(at: due, Timers.Owner(.preemption, 0))
    }

    /// Makes room for the most urgent of those that wait, as far as the brake lets: of each shape and priority for one
    /// after the other, and between equals for the client whose turn it is.
    mutating func lookForVictims(into effects: inout [GridEffect]) {
        preemption.dueAt = nil
        defer { if queue.count > 0 { armPreemption() } }
        guard let lowest = preemption.lowestPriority else { return }
        var lines = queue.mostUrgent(above: lowest, limit: Self.lineLimit)
        while let priority = lines.first?.priority {
            guard let next = queue.first(of: lines.filter { $0.priority == priority }.map(\.line)) else {
                lines.removeAll { $0.priority == priority }
                continue
            }
            let tried = tasks[next.entry.slot].task.attempts.map(\.node)
            guard let choice = preemptionChoice(queue.shape(next.line), priority, tried) else {
                lines.removeAll { $0.line == next.line }
                continue
            }
            let living = tasks.count(.assigned) + tasks.count(.running)
            guard preemption.mayEnd(choice.victims.count, of: living, at: now.monotonic) else { return }
            makeRoom(for: next, choice, into: &effects)
        }
    }

    /// Lines looked at in one go; of more, those of the highest priority.
    private static let lineLimit = 64
    /// Nodes looked at for one task; of more, a sample.
    private static let nodeLimit = 256

    /// Where room for such a task costs least; nil when nowhere can be made any.
    mutating func preemptionChoice(_ shape: Shape, _ priority: Int, _ tried: [NodeName]) -> PreemptionChoice? {
        let reluctance = reluctance(to: shape, tried)
        var best: PreemptionChoice?
        var count = 0
        for node in preemptionCandidates(shape) {
            guard preemption.claims[node] == nil, let unwelcome = reluctance(node) else { continue }
            let (victims, ending) = victims(on: node, below: priority)
            guard !victims.isEmpty || !ending.isEmpty,
                let needed = ledgers[node].victims(for: shape.resources, among: victims, ending: ending)
            else { continue }
            count += 1
            var cost = PreemptionCost(needed)
            cost.reluctance = unwelcome
            if let best {
                guard cost < best.cost || cost == best.cost && fleet.name(node) < fleet.name(best.node) else {
                    continue
                }
            }
            best = PreemptionChoice(node: node, victims: needed, cost: cost)
        }
        best?.alternatives = count
        return best
    }

    private mutating func preemptionCandidates(_ shape: Shape) -> [Int] {
        if let pin = shape.pin { return fleet.isOpen(pin) && fleet.couldFit(shape, on: pin) ? [pin] : [] }
        let number = fleet.index(for: shape)
        let candidates = fleet.indices[number].candidates
        guard candidates.count > Self.nodeLimit else { return candidates.map { Int($0) } }
        let start = chance.below(candidates.count)
        return (0..<Self.nodeLimit).map {
            Int(candidates[(start + $0 * candidates.count / Self.nodeLimit) % candidates.count])
        }
    }

    /// What may be ended there, and what ends already for a task that will not have the room.
    private func victims(
        on node: Int, below priority: Int
    ) -> (victims: [PreemptionVictim], ending: [Reservation]) {
        var victims: [PreemptionVictim] = []
        var ending: [Reservation] = []
        var slot = nodes[node].firstAttempt
        while slot >= 0 {
            defer { slot = tasks[slot].next }
            let attempt = tasks[slot].task.attempts[tasks[slot].newest]
            if attempt.preemption != nil {
                ending.append(attempt.reservation)
            } else if mayBeEnded(slot, below: priority) {
                let ran = attempt.startedAt.map {
                    now.wall.milliseconds.subtractingSaturated($0.milliseconds)
                }
                victims.append(
                    PreemptionVictim(
                        task: tasks[slot].task.id, slot: slot, priority: tasks[slot].task.spec.priority,
                        reservation: attempt.reservation, ranMilliseconds: ran ?? 0))
            }
        }
        return (victims, ending)
    }

    private func mayBeEnded(_ slot: Int, below priority: Int) -> Bool {
        tasks[slot].task.spec.priority < priority && !PreemptionBoard.spares(tasks[slot].task.spec)
            && !tasks[slot].task.cancelRequested && !tasks[slot].isMoving && tasks[slot].lossDue == nil
            && tasks[slot].task.attempts.count { $0.preemption != nil } < settings.preemptionLimit
    }

    // MARK: making and keeping room

    /// The task has had its turn: it leaves the queue, and waits for this room or any that is free sooner.
    private mutating func makeRoom(
        for next: TaskQueue.Next, _ choice: PreemptionChoice, into effects: inout [GridEffect]
    ) {
        let node = choice.node
        let shape = queue.shape(next.line)
        let slot = queue.take(next, at: now.wall.microseconds).slot
        for victim in choice.victims { preempt(victim.slot, for: slot, on: node, into: &effects) }
        let ending = livingSlots(on: node).filter { tasks[$0].task.attempts[tasks[$0].newest].preemption != nil }
        keepRoom(for: slot, shape, on: node, until: ending)
        let (id, name) = (tasks[slot].task.id, nodes[node].node.name)
        emit(
            .taskRoomMade(id, node: name, ending: ending.count, reason: choice.words), about: tasks[slot].isDurable,
            into: &effects)
        effects.append(.taskChanged(tasks[slot].task))
    }

    private mutating func preempt(
        _ slot: Int, for other: Int, on node: Int, into effects: inout [GridEffect]
    ) {
        let preemption = Preemption(by: tasks[other].task.id, priority: tasks[other].task.spec.priority)
        tasks[slot].task.attempts[tasks[slot].newest].preemption = preemption
        tasks[slot].task.reason = "asked to end: \(preemption.words)"
        tasks[slot].isMoving = true
        armCancelTimeout(slot)
        save(slot, into: &effects)
        let ref = tasks[slot].task.newestRef
        emit(
            .taskPreempted(ref, node: nodes[node].node.name, preemption), about: tasks[slot].isDurable, into: &effects)
        effects.append(.taskChanged(tasks[slot].task))
        orderCancel(slot, on: node, into: &effects)
    }

    private mutating func keepRoom(for slot: Int, _ shape: Shape, on node: Int, until ending: [Int]) {
        tasks[slot].phase = .roomKept(node: node)
        let attempts = ending.count == 1 ? "1 attempt has" : "\(ending.count) attempts have"
        tasks[slot].task.reason =
            "waits until \(attempts) ended on \(nodes[node].node.name), asked to because of its priority"
        let task = tasks[slot].task
        preemption.keep(
            PreemptionBoard.Claim(
                slot: slot, task: task.id, shape: shape, priority: task.spec.priority, ending: Set(ending)),
            on: node)
        refreshKeptRoom(on: node)
    }

    /// After what is to end there has changed: keeps what the task needs beyond that.
    private mutating func refreshKeptRoom(on node: Int) {
        guard let claim = preemption.claims[node] else { return }
        let ending = claim.ending.sorted().map { tasks[$0].task.attempts[tasks[$0].newest].reservation }
        guard let room = ledgers[node].roomToKeep(for: claim.shape.resources, ending: ending) else {
            loseKeptRoom(on: node)
            return
        }
        fleet.keep(room, on: node)
    }

    /// An attempt ended there, for whatever reason.
    mutating func noteEnded(_ slot: Int, on node: Int) {
        if preemption.ended(slot, on: node) { refreshKeptRoom(on: node) }
    }

    /// The task got a node, or ended.
    mutating func giveBackRoom(of slot: Int) {
        guard case .roomKept(let node) = tasks[slot].phase, preemption.giveBack(node, of: slot) else { return }
        fleet.keep(.none, on: node)
    }

    /// The node takes no tasks any more, or has less than it had.
    mutating func loseKeptRoom(on node: Int) {
        if preemption.disappoint(node) { fleet.keep(.none, on: node) }
    }

    /// A node may have room: it goes first to those for whom room is being made, here or elsewhere.
    mutating func useKeptRoom(on node: Int, into effects: inout [GridEffect]) {
        guard !preemption.claims.isEmpty, fleet.isOpen(node) else { return }
        for (home, claim) in preemption.inOrder where isWelcome(claim.shape, on: node) {
            var ledger = ledgers[node]
            if home == node { ledger.setKept(.none) }
            guard ledger.fits(claim.shape.resources), fleet.couldFit(claim.shape, on: node),
                claim.shape.pin ?? node == node
            else { continue }
            assign(claim.slot, to: PlacementChoice(node: node))
            announceAssigned(claim.slot, into: &effects)
        }
        guard let claim = preemption.claims[node] else { return }
        if claim.ending.isEmpty || !isWelcome(claim.shape, on: node) { loseKeptRoom(on: node) }
    }

    private func isWelcome(_ shape: Shape, on node: Int) -> Bool {
        circuits.admits(shape.type, on: node)
            && (shape.pin != nil || !avoidance.current(in: fleet).contains(node))
    }

    /// A node is there again: what still ends there ends for whom it was asked to, if that task waits.
    mutating func keepRoomAgain(on node: Int) {
        guard settings.preempts, preemption.claims[node] == nil, fleet.isOpen(node) else { return }
        let ending = livingSlots(on: node).filter { tasks[$0].task.attempts[tasks[$0].newest].preemption != nil }
        let reasons = Set(ending.compactMap { tasks[$0].task.attempts[tasks[$0].newest].preemption })
        for reason in reasons.sorted(by: { ($1.priority, $0.by) < ($0.priority, $1.by) }) {
            guard let slot = tasks.slot(of: reason.by), case .waiting(let line) = tasks[slot].phase else { continue }
            let (shape, task) = (queue.shape(line), tasks[slot].task)
            let reservations = ending.map { tasks[$0].task.attempts[tasks[$0].newest].reservation }
            guard isWelcome(shape, on: node), fleet.couldFit(shape, on: node),
                ledgers[node].roomToKeep(for: shape.resources, ending: reservations) != nil
            else { continue }
            queue.remove(number: task.id.number, line: line, client: client(of: task))
            keepRoom(for: slot, shape, on: node, until: ending)
            return
        }
    }

    /// At the end of an input: tasks that lost their room wait again or go elsewhere, and what was kept is given to others.
    mutating func handBackRoom(into effects: inout [GridEffect]) {
        while true {
            if let (slot, id) = preemption.nextDisappointed() {
                guard tasks.contains(slot: slot), tasks[slot].task.id == id, case .roomKept = tasks[slot].phase else {
                    continue
                }
                takeUp(slot, into: &effects)
                if case .waiting = tasks[slot].phase { effects.append(.taskChanged(tasks[slot].task)) }
            } else if let node = preemption.nextFreed() {
                fill(node, into: &effects)
            } else {
                return
            }
        }
    }
}
