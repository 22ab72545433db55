import GridModel

/// Which node a task gets (the fleet chooses), and what it does until then.
extension GridMachine {
    /// Gives the task a node if one has room, else lets it wait in `line`. True when it was placed.
    mutating func placeOrWait(_ slot: Int, line: Int) -> Bool {
        let shape = queue.shape(line)
        if !queue.isWaiting(line), let choice = choose(shape, after: tasks[slot].task.attempts) {
            assign(slot, to: choice)
            return true
        }
        if !queue.isWaiting(line) { queue.setReason(line, waitReason(shape)) }
        let task = tasks[slot].task
        queue.insert(entry(of: task, slot), line: line, client: client(of: task))
        tasks[slot].phase = .waiting(line: line)
        tasks[slot].task.reason = queue.reason(line)
        armPreemption()
        return false
    }

    /// Hands a node with new room the first of those that wait and fit, until none does.
    mutating func fill(_ node: Int, into effects: inout [GridEffect]) {
        useKeptRoom(on: node, into: &effects)
        while queue.count > 0, fleet.isOpen(node) {
            let fleet = fleet
            let circuits = circuits
            let isAvoided = avoidance.current(in: fleet).contains(node)
            let fitting = queue.popFirst(for: node, at: now.wall.microseconds) {
                fleet.fits($0, on: node) && circuits.admits($0.type, on: node) && (!isAvoided || $0.pin != nil)
            }
            guard let entry = fitting else { return }
            assign(entry.slot, to: PlacementChoice(node: node))
            announceAssigned(entry.slot, into: &effects)
        }
    }

    /// A new attempt where it fits.
    mutating func assign(_ slot: Int, to choice: PlacementChoice) {
        let node = choice.node
        giveBackRoom(of: slot)
        let reservation = fleet.reserve(tasks[slot].task.spec.resources.clamped, on: choice)
        let attempt = Attempt(
            epoch: tasks[slot].task.epoch + 1, node: nodes[node].node.name, reservation: reservation,
            assignedAt: now.wall)
        tasks.setState(slot, .assigned)
        tasks[slot].task.attempts.append(attempt)
        tasks[slot].task.notBefore = nil
        tasks[slot].task.reason = ""
        tasks[slot].mayHaveStarted = false
        link(slot, to: node)
        circuits.placed(tasks[slot].task.newestRef, tasks[slot].task.spec.payload.type, on: node)
        arm(slot, at: now.monotonic.advanced(byMilliseconds: settings.startTimeoutMilliseconds))
    }

    /// Everything there is to say when a task that was accepted before gets a node.
    mutating func announceAssigned(_ slot: Int, into effects: inout [GridEffect]) {
        save(slot, into: &effects)
        emitAssigned(slot, into: &effects)
        effects.append(.taskChanged(tasks[slot].task))
        orderStart(slot, into: &effects)
    }

    mutating func emitAssigned(_ slot: Int, into effects: inout [GridEffect]) {
        guard tasks[slot].isDurable, case .living(let node) = tasks[slot].phase else { return }
        emit(.taskAssigned(tasks[slot].task.newestRef, node: nodes[node].node.name), into: &effects)
    }

    func orderStart(_ slot: Int, into effects: inout [GridEffect]) {
        guard case .living(let node) = tasks[slot].phase, let session = nodes[node].session else { return }
        let task = tasks[slot].task
        let start = AttemptStart(
            ref: task.newestRef, spec: task.spec, gpuIndices: task.attempts[tasks[slot].newest].reservation.gpuIndices)
        effects.append(.order(nodes[node].node.name, session, .start(start)))
    }

    /// A node that is quick rather than slow, then one that has not had the task before, if there is one.
    private mutating func choose(_ shape: Shape, after attempts: [Attempt]) -> PlacementChoice? {
        if attempts.isEmpty, circuits.isAllClosed, slowNodes == 0, avoidance.nodes.isEmpty {
            return fleet.choose(shape)
        }
        return fleet.choose(shape, reluctance: reluctance(to: shape, attempts.map(\.node)))
    }

    /// Of each node to take tasks of the shape that were tried on `tried`; nil where their circuit is open.
    func reluctance(to shape: Shape, _ tried: [NodeName]) -> (Int) -> Int? {
        let (nodes, circuits) = (nodes, circuits)
        let avoided = shape.pin == nil ? avoidance.current(in: fleet) : []
        return { node in
            guard circuits.admits(shape.type, on: node), !avoided.contains(node) else { return nil }
            let name = nodes[node].node.name
            return (nodes[node].isSlow ? 1_000_000 : 0) + tried.count { $0 == name }
        }
    }

    /// The task's place in the queue.
    func entry(of task: GridTask, _ slot: Int) -> TaskQueue.Entry {
        let ageing = min(max(settings.ageingMilliseconds, 0), 1_000_000_000)
        let advantage = Int64(min(max(task.spec.priority, -1_000), 1_000)) * ageing * 1_000
        return TaskQueue.Entry(
            virtualTime: task.submittedAt.microseconds.subtractingSaturated(advantage), advantage: advantage,
            number: task.id.number, slot: slot)
    }

    /// Among whom the turns go round; where that is not wanted all are one.
    func client(of task: GridTask) -> String { settings.fairShare ? task.spec.submitter : "" }

    private func waitReason(_ shape: Shape) -> String {
        guard let pin = shape.pin else {
            if nodeIndices.isEmpty { return "waits for a first node to join the grid" }
            if fleet.openCount > 0 { return "waits for a node with room" }
            return brake.heard == 0 ? "waits for a node to come online" : "waits for a node that may take tasks"
        }
        let node = nodes[pin].node
        switch (nodes[pin].phase.liveness, node.schedulability) {
        case (.online, .open):
            if nodes[pin].flaps.until != nil { return "waits for \(node.name), which is quarantined" }
            if !circuits.admits(shape.type, on: pin) {
                return "waits for \(node.name), where tasks of type \(shape.type) fail at the moment"
            }
            return "waits for room on \(node.name)"
        case (.online, .cordoned): return "waits for \(node.name), which is cordoned"
        case (.online, .draining): return "waits for \(node.name), which is draining"
        case (.suspect, _): return "waits for \(node.name), which is not heard at the moment"
        case (.offline, _): return "waits for \(node.name), which is offline"
        }
    }
}

/// The living attempts of each node, as a list through the tasks themselves.
extension GridMachine {
    mutating func link(_ slot: Int, to node: Int) {
        let first = nodes[node].firstAttempt
        tasks[slot].phase = .living(node: node)
        preemption.count(tasks[slot].task.spec, 1)
        tasks[slot].previous = -1
        tasks[slot].next = first
        if first >= 0 { tasks[first].previous = slot }
        nodes[node].firstAttempt = slot
    }

    mutating func unlink(_ slot: Int, from node: Int) {
        let (previous, next) = (tasks[slot].previous, tasks[slot].next)
        preemption.count(tasks[slot].task.spec, -1)
        if previous >= 0 { tasks[previous].next = next } else { nodes[node].firstAttempt = next }
        if next >= 0 { tasks[next].previous = previous }
        tasks[slot].previous = -1
        tasks[slot].next = -1
    }

    /// In ascending order of the tasks, so that the outcome does not depend on the order of what went before.
    func livingSlots(on node: Int) -> [Int] {
        var slots: [Int] = []
        var slot = nodes[node].firstAttempt
        while slot >= 0 {
            slots.append(slot)
            slot = tasks[slot].next
        }
        return slots.sorted { tasks[$0].task.id < tasks[$1].task.id }
    }
}
