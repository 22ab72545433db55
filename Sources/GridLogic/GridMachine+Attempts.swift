import GridModel

/// How attempts go on and end.
extension GridMachine {
    mutating func handle(
        _ reports: [AttemptReport], from name: NodeName, _ session: SessionID, into effects: inout [GridEffect]
    ) {
        guard let node = index(of: name, session) else { return }
        hear(node, into: &effects)
        for report in reports { handle(report, from: node, into: &effects) }
    }

    private mutating func handle(_ report: AttemptReport, from node: Int, into effects: inout [GridEffect]) {
        let ref = report.ref
        guard let slot = tasks.slot(of: ref.task), isLiving(ref, slot, on: node) else {
            refuse(report, from: node, into: &effects)
            return
        }
        switch report {
        case .started:
            guard tasks[slot].task.state == .assigned else { return }
            let newest = tasks[slot].newest
            tasks.setState(slot, .running)
            tasks[slot].task.attempts[newest].startedAt = now.wall
            if !tasks[slot].task.cancelRequested, !tasks[slot].isMoving { armRunTimeout(slot) }
            emit(.taskStarted(ref, node: nodes[node].node.name), about: tasks[slot].isDurable, into: &effects)
            effects.append(.taskChanged(tasks[slot].task))
        case .progress(_, let percent, let stage):
            effects.append(.progress(ref, percent: percent.clampedPercent, stage: stage))
        case .finished(_, let outcome):
            let sane = outcome.clamped
            note(outcome.misstatements(sane: sane), of: node, into: &effects)
            conclude(slot, on: node, sane, into: &effects)
        }
    }

    /// Whether `ref` is the newest attempt of its task, lives, and lives there.
    private func isLiving(_ ref: AttemptRef, _ slot: Int, on node: Int) -> Bool {
        tasks[slot].phase == .living(node: node) && tasks[slot].task.epoch == ref.epoch
    }

    /// A report of what is not, or no longer, wanted: changes nothing, and its node is told to drop it. The late result
    /// of an attempt that was given up is recorded.
    private mutating func refuse(_ report: AttemptReport, from node: Int, into effects: inout [GridEffect]) {
        let ref = report.ref
        let name = nodes[node].node.name
        if case .finished = report, let slot = tasks.slot(of: ref.task), tasks[slot].isDurable,
            let attempt = tasks[slot].task.attempts.first(where: { $0.epoch == ref.epoch }),
            attempt.node == name, attempt.outcome?.isConcluded == true
        {
            emit(.lateResultRefused(ref, node: name), into: &effects)
        }
        order(.forget(ref), to: node, into: &effects)
    }

    /// The newest attempt of a task has ended; settles the task or lets it go on. `tellNode` is false when the node is
    /// known to have nothing of it.
    mutating func conclude(
        _ slot: Int, on node: Int, _ outcome: AttemptOutcome, tellNode: Bool = true,
        into effects: inout [GridEffect]
    ) {
        let ref = tasks[slot].task.newestRef
        end(slot, on: node, outcome)
        noteEnd(ref, tasks[slot].task.spec.payload.type, on: node, outcome, into: &effects)
        let verdict = retryRule.verdict(
            tasks[slot].task.spec, tasks[slot].task.attempts, cancelRequested: tasks[slot].task.cancelRequested,
            isElsewherePossible: { isElsewherePossible(slot) })
        switch verdict {
        case .settle(let state):
            settle(slot, state, reason: reason(for: state, outcome, slot), into: &effects)
            if tellNode { order(.forget(ref), to: node, into: &effects) }
        case .retry(let count):
            retry(slot, ref, after: count, outcome, forgetOn: tellNode ? node : nil, into: &effects)
        }
        announceDrained(node, into: &effects)
        fill(node, into: &effects)
    }

    private mutating func end(_ slot: Int, on node: Int, _ outcome: AttemptOutcome) {
        let newest = tasks[slot].newest
        fleet.release(tasks[slot].task.attempts[newest].reservation, on: node)
        unlink(slot, from: node)
        noteEnded(slot, on: node)
        tasks[slot].task.attempts[newest].finishedAt = now.wall
        tasks[slot].task.attempts[newest].outcome = outcome
        tasks[slot].deadline = nil
        tasks[slot].lossDue = nil
        tasks[slot].isMoving = false
    }

    private mutating func retry(
        _ slot: Int, _ ref: AttemptRef, after count: Int, _ outcome: AttemptOutcome, forgetOn node: Int?,
        into effects: inout [GridEffect]
    ) {
        let delay = backoff.delay(after: count, using: &chance)
        let words = tasks[slot].task.attempts.last?.words ?? outcome.words
        let name = tasks[slot].task.attempts[tasks[slot].newest].node
        tasks.setState(slot, .queued)
        var isPlaced = false
        if delay > 0 {
            tasks[slot].phase = .backingOff
            tasks[slot].task.notBefore = Timestamp(microseconds: now.wall.microseconds + delay * 1_000)
            tasks[slot].task.reason = "waits to be tried again: \(words)"
            arm(slot, at: now.monotonic.advanced(byMilliseconds: delay))
        } else if case .success(let shape) = shape(of: tasks[slot].task.spec) {
            isPlaced = placeOrWait(slot, line: line(of: shape, for: slot))
        } else {
            settle(slot, .lost, reason: "its node \(name) was removed from the grid", into: &effects)
            return
        }
        save(slot, into: &effects)
        emit(
            .taskRetrying(ref, node: name, end: outcome.end, delayMilliseconds: delay, reason: words),
            about: tasks[slot].isDurable, into: &effects)
        if isPlaced { emitAssigned(slot, into: &effects) }
        effects.append(.taskChanged(tasks[slot].task))
        if let node { order(.forget(ref), to: node, into: &effects) }
        if isPlaced { orderStart(slot, into: &effects) }
    }

    /// The task's end. It is forgotten here; the store keeps it.
    mutating func settle(_ slot: Int, _ state: TaskState, reason: String, into effects: inout [GridEffect]) {
        if case .waiting(let line) = tasks[slot].phase {
            let task = tasks[slot].task
            queue.remove(number: task.id.number, line: line, client: client(of: task))
        }
        giveBackRoom(of: slot)
        let isDurable = tasks[slot].isDurable
        tasks[slot].task.finishedAt = now.wall
        tasks[slot].task.notBefore = nil
        tasks[slot].task.reason = reason
        tasks[slot].task.eraseSecrets()
        let task = tasks.remove(slot, ending: state)
        if isDurable {
            effects.append(.saveTask(task))
            emit(.taskFinished(task.id, state: state, reason: reason), into: &effects)
        }
        effects.append(.taskSettled(task))
    }

    /// Whether a node could take the task that has not refused it.
    private func isElsewherePossible(_ slot: Int) -> Bool {
        let task = tasks[slot].task
        guard task.spec.node == nil else { return false }
        let shape = Shape(
            resources: task.spec.resources.clamped, constraint: task.spec.constraint,
            isSigned: !task.spec.envelope.isEmpty)
        let refusing = RetryRule.refusingNodes(task.attempts)
        return nodeIndices.contains { name, index in
            !refusing.contains(name) && nodes[index].phase != .offline && nodes[index].node.schedulability == .open
                && couldTake(shape, index)
        }
    }

    private func reason(for state: TaskState, _ outcome: AttemptOutcome, _ slot: Int) -> String {
        guard state != .succeeded else { return "" }
        if state == .cancelled {
            let asked = tasks[slot].task.reason
            return outcome.error.isEmpty ? asked : "\(asked); \(outcome.error)"
        }
        let task = tasks[slot].task
        if state == .lost, let words = retryRule.poisonWords(task.spec, task.attempts) { return words }
        let count = tasks[slot].task.attempts.count
        return count == 1 ? outcome.words : "\(outcome.words) (attempt \(count))"
    }
}

extension Attempt {
    /// One sentence on how it ended, for people.
    var words: String {
        guard let preemption, isPreempted, let outcome else { return outcome?.words ?? "" }
        return outcome.end == .lost ? "\(preemption.words); \(outcome.words)" : preemption.words
    }
}

extension AttemptOutcome {
    /// The coordinator gave the attempt up, so its node may still come with a result.
    var isConcluded: Bool { end == .lost || end == .timedOut || end == .cancelled }

    /// One sentence on how it ended, for people.
    var words: String {
        if !error.isEmpty { return error }
        switch end {
        case .succeeded: return ""
        case .failed:
            if let signal { return "ended by signal \(signal)" }
            return exitCode.map { "exit code \($0)" } ?? "failed"
        case .cancelled: return "cancelled"
        case .timedOut: return "timed out"
        case .lost: return "lost"
        case .refused: return "its node could not start it"
        }
    }
}
