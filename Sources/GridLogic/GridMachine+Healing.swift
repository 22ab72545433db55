import GridModel

/// What keeps the grid working around nodes that flap, are slow, lie, or fail what they are given.
extension GridMachine {
    // MARK: what was lost, and when

    /// When an attempt on a node that is just given up is to be treated as lost: nil for at once.
    func lossDue(of slot: Int, silence: Int64) -> MonotonicTime? {
        let task = tasks[slot].task
        guard !task.cancelRequested, !tasks[slot].isMoving else { return nil }
        let wait = task.spec.lostAfterMilliseconds
        if wait <= 0 { return task.spec.onLost == .wait ? .distantFuture : nil }
        let left = wait - silence
        return left > 0 ? now.monotonic.advanced(byMilliseconds: left) : nil
    }

    /// The node is gone and the task wants it waited for.
    mutating func bide(_ slot: Int, until due: MonotonicTime) {
        guard due < .distantFuture else { return }
        tasks[slot].lossDue = due
        arm(slot, at: min(due, tasks[slot].deadline ?? .distantFuture))
    }

    /// The node is there again: its attempt is expected to report in its ordinary time.
    mutating func expect(_ slot: Int) {
        guard tasks[slot].lossDue != nil else { return }
        tasks[slot].lossDue = nil
        if tasks[slot].task.cancelRequested || tasks[slot].isMoving {
            armCancelTimeout(slot)
        } else if tasks[slot].task.state == .running {
            armRunTimeout(slot)
        } else {
            arm(slot, at: now.monotonic.advanced(byMilliseconds: settings.startTimeoutMilliseconds))
        }
    }

    // MARK: nodes that come and go

    /// When a node is to be looked after for another reason than its life.
    func nextErrand(of node: Int) -> MonotonicTime? {
        [nodes[node].flaps.until, nodes[node].drainUntil].compactMap(\.self).min()
    }

    /// What is due beside its life: the end of a quarantine, the deadline of a drain.
    mutating func lookAfter(_ node: Int, into effects: inout [GridEffect]) {
        if let until = nodes[node].flaps.until, until <= now.monotonic { release(node, by: "", into: &effects) }
        if let until = nodes[node].drainUntil, until <= now.monotonic {
            nodes[node].drainUntil = nil
            moveEverything(off: node, into: &effects)
        }
    }

    /// A node came back. One that does it again and again is given nothing for a while, as long as others work.
    mutating func noteFlap(_ flap: FlapGuard.Flap, of node: Int, into effects: inout [GridEffect]) {
        noteLoss(of: node)
        let others = fleet.openCount - (fleet.isOpen(node) ? 1 : 0)
        let quarantined = nodes.count(where: { $0.flaps.until != nil && !$0.isRemoved })
        let mayQuarantine = others > 0 && quarantined < max(1, nodeIndices.count / 3)
        guard
            let delay = nodes[node].flaps.note(flap, at: now.monotonic, settings, mayQuarantine: mayQuarantine)
        else { return }
        nodes[node].trouble = "it keeps going and coming back"
        refreshPlaceable(node)
        rearm(node)
        emit(.nodeQuarantined(nodes[node].node.name, milliseconds: delay, reason: nodes[node].trouble), into: &effects)
    }

    private mutating func release(_ node: Int, by: String, into effects: inout [GridEffect]) {
        guard nodes[node].flaps.until != nil else { return }
        nodes[node].flaps.release()
        if nodes[node].phase == .online { nodes[node].trouble = "" }
        refreshPlaceable(node)
        rearm(node)
        emit(.nodeReleased(nodes[node].node.name, by: by), into: &effects)
        fill(node, into: &effects)
    }

    /// Its owner says that all is well with it.
    mutating func release(_ name: NodeName, by: String, _ token: RequestToken, into effects: inout [GridEffect]) {
        guard let node = nodeIndices[name] else {
            effects.append(.refused(token, .unknownNode(name, known: knownNames)))
            return
        }
        for type in circuits.clear(node: node) { emit(.circuitClosed(name, type: type), into: &effects) }
        excuseRisk(of: node, into: &effects)
        release(node, by: by, into: &effects)
        effects.append(.answered(token, .node(nodes[node].node)))
        fill(node, into: &effects)
    }

    /// Says when a node became slow or is no longer, and keeps what was learned of it.
    mutating func noteSlowness(of node: Int, into effects: inout [GridEffect]) {
        let answer = nodes[node].watch.answer
        let isSlow = nodes[node].watch.isSlow(livenessRule)
        if isSlow != nodes[node].isSlow {
            nodes[node].isSlow = isSlow
            slowNodes += isSlow ? 1 : -1
            emit(
                .nodeSlow(nodes[node].node.name, isSlow, answerMilliseconds: answer.milliseconds), into: &effects)
        }
        let kept = nodes[node].node.answerMilliseconds
        let worth = answer.worthKeeping(insteadOf: kept)
        if worth != kept {
            nodes[node].node.answerMilliseconds = worth
            effects.append(.saveNode(nodes[node].node))
        }
    }

    /// Reports what a node said that cannot be, each kind once a session.
    mutating func note(_ misstatements: [Misstatement], of node: Int, into effects: inout [GridEffect]) {
        for statement in misstatements where nodes[node].lies.insert(statement.kind).inserted {
            emit(.nodeMisreported(nodes[node].node.name, statement.words), into: &effects)
        }
    }

    // MARK: drains with a deadline

    mutating func drain(
        _ name: NodeName, deadlineMilliseconds: Int64, by: String, _ token: RequestToken,
        into effects: inout [GridEffect]
    ) {
        guard let node = nodeIndices[name] else {
            effects.append(.refused(token, .unknownNode(name, known: knownNames)))
            return
        }
        let wait = min(max(deadlineMilliseconds, 0), TaskLimits.timeoutMilliseconds.upperBound)
        nodes[node].node.drainDeadline = Timestamp(microseconds: now.wall.microseconds.addingSaturated(wait * 1_000))
        nodes[node].drainUntil = now.monotonic.advanced(byMilliseconds: wait)
        if nodes[node].node.schedulability == .draining { effects.append(.saveNode(nodes[node].node)) }
        setSchedulability(of: name, .draining, by: by, token, into: &effects)
        rearm(node)
    }

    /// Ends what still runs there, to be begun elsewhere: first the node is asked, so that nothing runs twice.
    private mutating func moveEverything(off node: Int, into effects: inout [GridEffect]) {
        if nodes[node].phase == .awaited || nodes[node].phase == .cutOff {
            // It is about to come back with what it has, or to be given up.
            nodes[node].drainUntil = now.monotonic.advanced(byMilliseconds: 500)
            return
        }
        let isThere = nodes[node].session != nil && nodes[node].phase != .offline
        for slot in livingSlots(on: node) {
            guard tasks[slot].phase == .living(node: node), !tasks[slot].task.cancelRequested else { continue }
            if isThere {
                tasks[slot].isMoving = true
                armCancelTimeout(slot)
                orderCancel(slot, on: node, into: &effects)
            } else {
                let error = "\(nodes[node].node.name) was drained and is not heard"
                conclude(slot, on: node, AttemptOutcome(end: .lost, error: error), into: &effects)
            }
        }
    }

    // MARK: circuits

    /// Learns from an attempt's end whether the node is any good for its type.
    mutating func noteEnd(
        _ ref: AttemptRef, _ type: String, on node: Int, _ outcome: AttemptOutcome, into effects: inout [GridEffect]
    ) {
        let name = nodes[node].node.name
        // Or anybody could close a node that wants signatures, by tasks without.
        if EnvelopeFault.isOfTask(outcome) { return circuits.wasted(ref, type, on: node) }
        let end = outcome.end
        noteRisk(of: end, on: node)
        switch end {
        case .succeeded:
            if circuits.succeeded(type, on: node) { emit(.circuitClosed(name, type: type), into: &effects) }
        case .cancelled, .lost:
            circuits.wasted(ref, type, on: node)
        case .failed, .timedOut, .refused:
            guard circuits.failed(ref, type, on: node, isRefusal: end == .refused, settings) else { return }
            let (fleet, avoided) = (fleet, avoidance.current(in: fleet))
            let isElsewhere = fleet.ledgers.indices.contains { other in
                other != node && fleet.isOpen(other) && circuits.admits(type, on: other) && !avoided.contains(other)
            }
            guard isElsewhere else {
                if circuits.close(type, on: node) { emit(.circuitClosed(name, type: type), into: &effects) }
                return
            }
            let (delay, failures) = circuits.open(type, on: node, at: now.monotonic, settings)
            insertTimer(at: now.monotonic.advanced(byMilliseconds: delay), Timers.Owner(.circuit, 0))
            emit(.circuitOpened(name, type: type, milliseconds: delay, failures: failures), into: &effects)
        }
    }

    mutating func tryCircuits(into effects: inout [GridEffect]) {
        for node in circuits.halfOpen(at: now.monotonic) { fill(node, into: &effects) }
    }
}
