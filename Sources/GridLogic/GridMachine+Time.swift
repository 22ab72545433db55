import GridModel

/// What becomes due.
extension GridMachine {
    mutating func arm(_ slot: Int, at time: MonotonicTime) {
        tasks[slot].deadline = time
        if time < .distantFuture { insertTimer(at: time, Timers.Owner(.task, slot)) }
    }

    mutating func armRunTimeout(_ slot: Int) {
        let timeout = tasks[slot].task.spec.timeoutMilliseconds
        guard timeout > 0 else {
            tasks[slot].deadline = nil
            return
        }
        let patience = timeout.addingReportingOverflow(settings.timeoutSlackMilliseconds)
        arm(slot, at: now.monotonic.advanced(byMilliseconds: patience.overflow ? .max : patience.partialValue))
    }

    mutating func arm(node: Int, at time: MonotonicTime?) {
        guard nodes[node].deadline != time else { return }
        nodes[node].deadline = time
        if let time { insertTimer(at: time, Timers.Owner(.node, node)) }
    }

    mutating func insertTimer(at time: MonotonicTime, _ owner: Timers.Owner) {
        timers.insert(at: time, owner)
        if timers.count > 2 * (tasks.count + nodes.count) + 4_096 { dropStaleTimers() }
    }

    /// Handles all that is due, and leaves one first that is not stale.
    mutating func fireTimers(into effects: inout [GridEffect]) {
        while let first = timers.first {
            if isStale(first) {
                timers.removeFirst()
            } else if first.at <= now.monotonic {
                timers.removeFirst()
                fire(first.owner, into: &effects)
            } else {
                return
            }
        }
    }

    /// The coordinator itself was held up when something is handled long after it was due: what it did not hear in
    /// that time says nothing about the nodes and their attempts.
    mutating func noteOwnAbsence() {
        let missed = hearing.awake(at: now, due: timers.first?.at)
        if missed >= settings.latenessMilliseconds {
            patience = now.monotonic.advanced(byMilliseconds: settings.patienceMilliseconds)
        }
    }

    /// So that `nextDeadline` is a real one.
    mutating func dropStaleFirst() {
        while let first = timers.first, isStale(first) { timers.removeFirst() }
    }

    private func isStale(_ entry: Timers.Entry) -> Bool { Self.isStale(entry, tasks, nodes, brake, preemption.dueAt) }

    private static func isStale(
        _ entry: Timers.Entry, _ tasks: borrowing TaskTable, _ nodes: borrowing [NodeMachine], _ brake: FailoverBrake,
        _ preemptionDue: MonotonicTime?
    ) -> Bool {
        switch entry.owner.kind {
        case .task: !tasks.contains(slot: entry.owner.index) || tasks[entry.owner.index].deadline != entry.at
        case .node: nodes[entry.owner.index].deadline != entry.at
        case .brake: brake.phase != .engaged(until: entry.at)
        case .circuit: false
        case .preemption: preemptionDue != entry.at
        }
    }

    /// Through copies of the references, so that nothing is copied for each entry.
    private mutating func dropStaleTimers() {
        let (tasks, nodes, brake, due) = (tasks, nodes, brake, preemption.dueAt)
        timers.removeAll { Self.isStale($0, tasks, nodes, brake, due) }
    }

    private mutating func fire(_ owner: Timers.Owner, into effects: inout [GridEffect]) {
        switch owner.kind {
        case .task:
            tasks[owner.index].deadline = nil
            fireTask(owner.index, into: &effects)
        case .node:
            nodes[owner.index].deadline = nil
            look(at: owner.index, into: &effects)
        case .brake:
            reviewBrake(into: &effects)
        case .circuit:
            tryCircuits(into: &effects)
        case .preemption:
            lookForVictims(into: &effects)
        }
    }

    private mutating func fireTask(_ slot: Int, into effects: inout [GridEffect]) {
        switch tasks[slot].phase {
        case .waiting, .roomKept:
            let limit = tasks[slot].task.spec.queueTimeoutMilliseconds
            let obstacle = (try? shape(of: tasks[slot].task.spec).get()).map(nearestObstacle) ?? ""
            settle(slot, .timedOut, reason: "found no node within \(limit) ms\(obstacle)", into: &effects)
        case .backingOff:
            takeUp(slot, into: &effects)
        case .living(let node):
            fireLiving(slot, on: node, into: &effects)
        }
    }

    /// A task that waited outside of the queue gets a node, or a place there.
    mutating func takeUp(_ slot: Int, into effects: inout [GridEffect]) {
        tasks[slot].task.notBefore = nil
        guard case .success(let shape) = shape(of: tasks[slot].task.spec) else {
            settle(slot, .failed, reason: "the node it asks for was removed from the grid", into: &effects)
            return
        }
        if placeOrWait(slot, line: line(of: shape, for: slot)) {
            announceAssigned(slot, into: &effects)
        } else {
            armQueueTimeout(slot)
        }
    }

    /// A node did not say in time what it should have.
    private mutating func fireLiving(_ slot: Int, on node: Int, into effects: inout [GridEffect]) {
        if now.monotonic < patience {
            arm(slot, at: patience)
            return
        }
        let task = tasks[slot].task
        let name = nodes[node].node.name
        if let due = tasks[slot].lossDue, due <= now.monotonic {
            let error = "\(name) is gone, and did not come back within \(task.spec.lostAfterMilliseconds) ms"
            conclude(slot, on: node, AttemptOutcome(end: .lost, error: error), into: &effects)
        } else if task.cancelRequested {
            let error = "\(name) did not confirm the end"
            conclude(slot, on: node, AttemptOutcome(end: .cancelled, error: error), into: &effects)
        } else if tasks[slot].isMoving {
            let isPreempted = tasks[slot].task.attempts.last?.preemption != nil
            let error = "\(name) \(isPreempted ? "was asked to end it" : "was drained") and did not confirm the end"
            conclude(slot, on: node, AttemptOutcome(end: .lost, error: error), into: &effects)
        } else if task.state == .running {
            let error = "\(name) did not report the end within the time-out of \(task.spec.timeoutMilliseconds) ms"
            conclude(slot, on: node, AttemptOutcome(end: .timedOut, error: error), into: &effects)
        } else if nodes[node].phase == .online {
            let error = "\(name) did not report a start within \(settings.startTimeoutMilliseconds) ms"
            conclude(slot, on: node, AttemptOutcome(end: .lost, error: error), into: &effects)
        } else {
            let next = now.monotonic.advanced(byMilliseconds: settings.startTimeoutMilliseconds)
            arm(slot, at: min(next, tasks[slot].lossDue ?? .distantFuture))
        }
    }
}
