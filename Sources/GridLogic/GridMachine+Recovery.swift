package import GridModel

extension GridMachine {
    /// Takes over what the store kept, before any input. Nodes with living attempts are awaited; every task that waits
    /// is looked at on the first tick, which is due at once.
    package mutating func recover(
        tasks recovered: [GridTask], nodes recoveredNodes: [Node], nextTaskNumber: UInt64, nextEventNumber: UInt64,
        at moment: Moment
    ) {
        precondition(tasks.count == 0 && nodes.isEmpty, "recovery comes before anything else")
        now = moment
        self.nextTaskNumber = max(1, nextTaskNumber)
        self.nextEventNumber = max(1, nextEventNumber)
        for node in recoveredNodes { _ = add(node) }
        tasks.reserveCapacity(recovered.count)
        for task in recovered where !task.state.isTerminal { recover(task) }
        for node in nodes.indices {
            recoverDrain(node)
            nodes[node].isDrainPending = nodes[node].node.schedulability == .draining && nodes[node].firstAttempt >= 0
        }
    }

    private mutating func recover(_ task: GridTask) {
        if case .success(let shape) = shape(of: task.spec) { fleet.learn(shape) }
        let slot = tasks.insert(LiveTask(task: task, phase: .backingOff))
        if let attempt = task.attempts.last, attempt.outcome == nil, task.state != .queued {
            let node = nodeIndices[attempt.node] ?? add(Node(name: attempt.node))
            fleet.hold(attempt.reservation, on: node)
            link(slot, to: node)
            tasks[slot].mayHaveStarted = true
            tasks[slot].isMoving = attempt.preemption != nil
            if task.cancelRequested || tasks[slot].isMoving {
                armCancelTimeout(slot)
            } else if task.state == .running {
                armRunTimeout(slot)
            } else {
                arm(slot, at: now.monotonic.advanced(byMilliseconds: settings.startTimeoutMilliseconds))
            }
            if nodes[node].phase == .offline {
                let listening = hearing.listening(at: now.monotonic)
                judge(node) { $0.awaited(at: listening) }
                nodes[node].trouble = "not heard since the coordinator's start"
            }
        } else {
            tasks.setState(slot, .queued)
            arm(slot, at: now.monotonic.advanced(byMilliseconds: remainingBackoff(task)))
        }
    }

    private mutating func recoverDrain(_ node: Int) {
        guard nodes[node].node.schedulability == .draining, let deadline = nodes[node].node.drainDeadline else {
            return
        }
        let left = deadline.milliseconds.subtractingSaturated(now.wall.milliseconds)
        nodes[node].drainUntil = now.monotonic.advanced(byMilliseconds: max(0, left))
        rearm(node)
    }

    /// The wall clock may have been set meanwhile: never more than the longest backoff.
    private func remainingBackoff(_ task: GridTask) -> Int64 {
        guard let notBefore = task.notBefore else { return 0 }
        let left = notBefore.milliseconds.subtractingSaturated(now.wall.milliseconds)
        return min(max(left, 0), settings.backoffCapMilliseconds)
    }
}
