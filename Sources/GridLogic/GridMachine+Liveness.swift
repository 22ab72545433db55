import GridModel

/// Whether nodes are there, and what follows when they are not.
extension GridMachine {
    /// Anything that comes over the newest session of a node. `number`: of the question that it answers.
    mutating func hear(_ node: Int, answering number: UInt64? = nil, into effects: inout [GridEffect]) {
        nodes[node].lastHeard = now.monotonic
        let listening = hearing.listening(at: now.monotonic)
        let before = nodes[node].phase
        guard before != .online else {
            nodes[node].watch.heard(at: listening, answering: number, livenessRule)
            return
        }
        let rule = livenessRule
        judge(node) { $0.heard(at: listening, answering: number, rule) }
        nodes[node].trouble = ""
        emit(.nodeOnline(nodes[node].node.name), into: &effects)
        if before == .offline {
            brake.cameBack()
            for slot in livingSlots(on: node) { expect(slot) }
            noteFlap(.death, of: node, into: &effects)
        }
        noteSlowness(of: node, into: &effects)
        reviewBrake(into: &effects)
        keepRoomAgain(on: node)
        fill(node, into: &effects)
    }

    mutating func heartbeat(
        _ name: NodeName, _ session: SessionID, _ sample: NodeSample, into effects: inout [GridEffect]
    ) {
        guard let node = index(of: name, session) else { return }
        let sane = sample.clamped
        note(sample.misstatements(sane: sane, before: nodes[node].sample, at: now.wall), of: node, into: &effects)
        nodes[node].sample = sane
        nodes[node].skewMicroseconds = sane.sentAt.microseconds
            .subtractingSaturated(now.wall.microseconds)
            .subtractingSaturated(-sane.roundTripMicroseconds / 2)
        let isMore = fleet.measure(node, sane)
        hear(node, into: &effects)
        if sane.sleptMilliseconds == 0 {
            let listening = hearing.listening(at: now.monotonic)
            nodes[node].watch.roundTrip(microseconds: sane.roundTripMicroseconds, at: listening, livenessRule)
        }
        noteSlowness(of: node, into: &effects)
        noteRisk(sane, of: node, into: &effects)
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
            let listening = hearing.listening(at: now.monotonic)
            judge(node) { $0.closed(at: listening) }
            nodes[node].trouble = reason.isEmpty ? "its connection closed" : "its connection closed: \(reason)"
            if wasOnline { emit(.nodeSuspect(name, reason: nodes[node].trouble), into: &effects) }
        case .offline, .cutOff, .awaited: break
        }
    }

    /// The node's time is up, or was moved by what it said since.
    mutating func look(at node: Int, into effects: inout [GridEffect]) {
        lookAfter(node, into: &effects)
        let listening = hearing.listening(at: now.monotonic)
        let rule = livenessRule
        while true {
            var step = NodeWatch.Step.wait
            judge(node) { step = $0.look(at: listening, rule) }
            switch step {
            case .wait: return
            case .becameSuspect(let silence):
                nodes[node].trouble = "not heard for \(silence) ms"
                emit(.nodeSuspect(nodes[node].node.name, reason: nodes[node].trouble), into: &effects)
            case .probe(let number, let askOthers): ask(node, number, askOthers: askOthers, into: &effects)
            case .giveUp(let silence):
                tryGivingUp(node, silence, into: &effects)
                return
            }
        }
    }

    private func ask(_ node: Int, _ number: UInt64, askOthers: Bool, into effects: inout [GridEffect]) {
        guard let session = nodes[node].session else { return }
        let name = nodes[node].node.name
        effects.append(.probe(name, session, number: number))
        if askOthers { effects.append(.askOthers(name, through: helpers(for: node))) }
    }

    /// Nodes that are heard and come from elsewhere: their way to it may be open when ours is not.
    private func helpers(for node: Int) -> [SessionID] {
        let own = nodes[node].node.address
        var found: [SessionID] = []
        for index in nodes.indices where index != node && nodes[index].phase == .online {
            guard let session = nodes[index].session, nodes[index].node.address != own else { continue }
            found.append(session)
            if found.count == 3 { break }
        }
        return found
    }

    /// Another node reached a suspect one.
    mutating func vouch(for name: NodeName, by helper: NodeName, into effects: inout [GridEffect]) {
        guard let node = nodeIndices[name], nodes[node].phase == .suspect else { return }
        let listening = hearing.listening(at: now.monotonic)
        judge(node) { $0.vouched(at: listening) }
        nodes[node].trouble = "not heard here, though \(helper) reaches it"
    }

    private mutating func tryGivingUp(_ node: Int, _ silence: Int64, into effects: inout [GridEffect]) {
        if now.monotonic < hearing.settledAt {
            arm(node: node, at: min(hearing.settledAt, nextErrand(of: node) ?? .distantFuture))
            return
        }
        let wasEngaged = brake.isEngaged
        if brake.mayGiveUp(at: now.monotonic, pauseMilliseconds: settings.failoverPauseMilliseconds) {
            giveUp(node, silence, into: &effects)
            return
        }
        arm(node: node, at: nextErrand(of: node))
        guard !wasEngaged, case .engaged(let until) = brake.phase else { return }
        insertTimer(at: until, Timers.Owner(.brake, 0))
        let missing = brake.unheard + brake.recentLosses
        let lately = brake.recentLosses == 0 ? "cannot be heard" : "cannot be heard or were lost lately"
        let reason = "\(missing) of \(missing + brake.heard) nodes \(lately): the coordinator itself may be cut off"
        emit(.failoversPaused(true, reason: reason), into: &effects)
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
        let listening = hearing.listening(at: now.monotonic)
        for node in nodes.indices where nodes[node].phase != .online && nodes[node].phase != .offline {
            switch release {
            case .heardAgain: bearWith(node)
            case .boundPassed:
                guard let due = nodes[node].watch.nextLook(livenessRule) else { continue }
                if due <= listening, hearing.settledAt <= now.monotonic {
                    giveUp(node, silence(of: node), into: &effects)
                } else {
                    rearm(node)
                }
            }
        }
    }

    private func silence(of node: Int) -> Int64 {
        let listening = hearing.listening(at: now.monotonic)
        return nodes[node].watch.heardAt.map { listening.milliseconds(since: $0) } ?? 0
    }

    /// Does not give the node up before it had time to be heard.
    private mutating func bearWith(_ node: Int) {
        let until = hearing.listening(at: now.monotonic).advanced(byMilliseconds: settings.patienceMilliseconds)
        judge(node) { $0.bear(until: until) }
    }

    /// The node is offline. What it ran is lost by each task's policy; a connection that is still open, though silent,
    /// is told so.
    private mutating func giveUp(_ node: Int, _ silence: Int64, into effects: inout [GridEffect]) {
        let name = nodes[node].node.name
        let reason =
            switch nodes[node].phase {
            case .suspect: "not heard for \(silence) ms, and it does not answer"
            case .cutOff: "its connection closed and it did not come back"
            case .awaited: "did not come back after the coordinator's start"
            case .online, .offline: preconditionFailure("\(name) is given up while \(nodes[node].phase)")
            }
        let listening = hearing.listening(at: now.monotonic)
        judge(node) { $0.lost(at: listening) }
        nodes[node].trouble = reason
        brake.gaveUp(at: now.monotonic)
        emit(.nodeOffline(name, reason: reason), into: &effects)
        for slot in livingSlots(on: node) {
            guard tasks[slot].phase == .living(node: node) else { continue }
            if let due = lossDue(of: slot, silence: silence) {
                bide(slot, until: due)
            } else {
                let error = "\(name) is gone: \(reason)"
                conclude(slot, on: node, AttemptOutcome(end: .lost, error: error), into: &effects)
            }
        }
    }

    /// The one place where a watch changes its mind: keeps what is counted and listed by it.
    mutating func judge(_ node: Int, _ change: (inout NodeWatch) -> Void) {
        let before = nodes[node].phase
        change(&nodes[node].watch)
        let after = nodes[node].phase
        if before != after {
            count(before, -1)
            count(after, 1)
            refreshPlaceable(node)
        }
        rearm(node)
    }

    private mutating func count(_ phase: NodeWatch.Phase, _ change: Int) {
        switch phase.liveness {
        case .online: brake.heard += change
        case .suspect: brake.unheard += change
        case .offline: break
        }
    }

    /// When the node is to be looked at again, for whatever reason.
    mutating func rearm(_ node: Int) {
        let look = nodes[node].watch.nextLook(livenessRule).map { hearing.due($0) }
        arm(node: node, at: [look, nextErrand(of: node)].compactMap(\.self).min())
    }

    /// Opens or closes the node to tasks. `fill` is the caller's work.
    mutating func refreshPlaceable(_ node: Int) {
        let isOpen = nodes[node].mayTakeTasks
        fleet.setOpen(node, isOpen)
        if !isOpen { loseKeptRoom(on: node) }
    }
}
