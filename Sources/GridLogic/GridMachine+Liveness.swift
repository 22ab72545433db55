import GridModel

/// Whether nodes are there, and what follows when they are not.
extension GridMachine {
    /// Anything that comes over the newest session of a node.
    mutating func hear(_ node: Int, into effects: inout [GridEffect]) {
        nodes[node].lastHeard = now.monotonic
        guard nodes[node].phase != .online else { return }
        setPhase(node, .online)
        emit(.nodeOnline(nodes[node].node.name), into: &effects)
        reviewBrake(into: &effects)
        fill(node, into: &effects)
    }

    mutating func heartbeat(
        _ name: NodeName, _ session: SessionID, _ sample: NodeSample, into effects: inout [GridEffect]
    ) {
        guard let node = index(of: name, session) else { return }
        let sane = sample.clamped
        nodes[node].sample = sane
        nodes[node].skewMicroseconds = sane.sentAt.microseconds
            .subtractingSaturated(now.wall.microseconds)
            .subtractingSaturated(-sane.roundTripMicroseconds / 2)
        let isMore = fleet.measure(node, sane)
        hear(node, into: &effects)
        if isMore { fill(node, into: &effects) }
    }

    mutating func disconnect(
        _ name: NodeName, _ session: SessionID, reason: String, into effects: inout [GridEffect]
    ) {
        guard let node = index(of: name, session) else { return }
        nodes[node].session = nil
        switch nodes[node].phase {
        case .online, .suspect:
            let wasOnline = nodes[node].phase == .online
            let until = now.monotonic.advanced(byMilliseconds: settings.reconnectGraceMilliseconds)
            setPhase(node, .cutOff(until: until))
            if wasOnline {
                let words = reason.isEmpty ? "its connection closed" : "its connection closed: \(reason)"
                emit(.nodeSuspect(name, reason: words), into: &effects)
            }
        case .offline, .cutOff, .awaited: break
        }
    }

    /// The node's time is up, or was moved by what it said since.
    mutating func look(at node: Int, into effects: inout [GridEffect]) {
        guard let due = nodes[node].nextLook(settings) else { return }
        guard due <= now.monotonic else {
            arm(node: node, at: due)
            return
        }
        switch nodes[node].phase {
        case .online:
            setPhase(node, .suspect)
            let reason = "not heard for \(settings.suspectAfterMilliseconds) ms"
            emit(.nodeSuspect(nodes[node].node.name, reason: reason), into: &effects)
        case .suspect, .cutOff, .awaited:
            let wasEngaged = brake.isEngaged
            if brake.mayGiveUp(at: now.monotonic, pauseMilliseconds: settings.failoverPauseMilliseconds) {
                giveUp(node, into: &effects)
            } else if !wasEngaged, case .engaged(let until) = brake.phase {
                insertTimer(at: until, Timers.Owner(.brake, 0))
                let reason =
                    "\(brake.unheard) of \(brake.unheard + brake.heard) nodes cannot be heard: "
                    + "the coordinator itself may be cut off"
                emit(.failoversPaused(true, reason: reason), into: &effects)
            }
        case .offline: break
        }
    }

    /// After the brake let go because the silence is believed, all whose time was up are given up. When it was broken
    /// instead, what was silent for the same reason gets as long again to be heard.
    mutating func reviewBrake(into effects: inout [GridEffect]) {
        guard let release = brake.review(at: now.monotonic) else { return }
        let reason =
            switch release {
            case .heardAgain: "enough nodes are heard again"
            case .boundPassed: "nothing changed for \(settings.failoverPauseMilliseconds) ms: the silence is believed"
            }
        emit(.failoversPaused(false, reason: reason), into: &effects)
        for node in nodes.indices {
            switch release {
            case .heardAgain: bearWith(node)
            case .boundPassed:
                guard nodes[node].phase != .online, let due = nodes[node].nextLook(settings) else { continue }
                if due <= now.monotonic { giveUp(node, into: &effects) } else { arm(node: node, at: due) }
            }
        }
    }

    /// Does not give the node up before it had time to be heard.
    mutating func bearWith(_ node: Int) {
        guard nodes[node].phase != .offline else { return }
        nodes[node].patience = now.monotonic.advanced(byMilliseconds: settings.reconnectGraceMilliseconds)
        arm(node: node, at: nodes[node].nextLook(settings))
    }

    /// The node is offline. What it ran is lost by each task's policy; a connection that is still open, though silent,
    /// is told so.
    private mutating func giveUp(_ node: Int, into effects: inout [GridEffect]) {
        let name = nodes[node].node.name
        let reason =
            switch nodes[node].phase {
            case .suspect: "not heard for \(settings.offlineAfterMilliseconds) ms"
            case .cutOff: "its connection closed and it did not come back"
            case .awaited: "did not come back after the coordinator's start"
            case .online, .offline: preconditionFailure("\(name) is given up while \(nodes[node].phase)")
            }
        setPhase(node, .offline)
        emit(.nodeOffline(name, reason: reason), into: &effects)
        for slot in livingSlots(on: node) {
            let task = tasks[slot].task
            guard task.spec.onLost != .wait || task.cancelRequested else { continue }
            conclude(slot, on: node, AttemptOutcome(end: .lost, error: "\(name) is gone: \(reason)"), into: &effects)
        }
    }

    /// The one place where a phase changes: keeps what is counted and listed by it.
    mutating func setPhase(_ node: Int, _ phase: NodeMachine.Phase) {
        count(nodes[node].phase, -1)
        nodes[node].phase = phase
        count(phase, 1)
        refreshPlaceable(node)
        arm(node: node, at: nodes[node].nextLook(settings))
    }

    private mutating func count(_ phase: NodeMachine.Phase, _ change: Int) {
        switch phase.liveness {
        case .online: brake.heard += change
        case .suspect: brake.unheard += change
        case .offline: break
        }
    }

    /// Opens or closes the node to tasks. `fill` is the caller's work.
    mutating func refreshPlaceable(_ node: Int) { fleet.setOpen(node, nodes[node].mayTakeTasks) }
}
