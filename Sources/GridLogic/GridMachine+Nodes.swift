import GridModel

/// Nodes come, say what they have, are restricted and go.
extension GridMachine {
    mutating func register(_ node: Node, _ token: RequestToken?, into effects: inout [GridEffect]) {
        let index: Int
        var sane = node
        if node.inventory.cores > 0 { sane.inventory = node.inventory.clamped }
        if let known = nodeIndices[node.name] {
            index = known
            sane.schedulability = nodes[known].node.schedulability
            sane.isDrainedForRisk = nodes[known].node.isDrainedForRisk
            if !nodes[known].node.isExternal, nodes[known].session != nil || nodes[known].isMeasured {
                sane.isExternal = false
            }
            if node.inventory.cores <= 0 || !sane.isExternal { sane.inventory = nodes[known].node.inventory }
            if sane != nodes[known].node {
                nodes[known].node = sane
                fleet.setRecord(known, sane)
                capacityVersion += 1
                refreshPlaceable(known)
                effects.append(.saveNode(sane))
            }
        } else {
            index = add(sane)
            effects.append(.saveNode(sane))
            emit(.nodeRegistered(sane.name), into: &effects)
        }
        if let token { effects.append(.answered(token, .node(nodes[index].node))) }
        fill(index, into: &effects)
    }

    /// Makes a machine for a node that is not known.
    mutating func add(_ node: Node) -> Int {
        let index: Int
        if let free = freeNodes.popLast() {
            index = free
            nodes[index] = NodeMachine(node: node)
            fleet.add(node, attemptLimit: settings.maxAttemptsPerNode, at: index)
        } else {
            index = nodes.count
            nodes.append(NodeMachine(node: node))
            fleet.add(node, attemptLimit: settings.maxAttemptsPerNode)
        }
        nodeIndices[node.name] = index
        capacityVersion += 1
        return index
    }

    mutating func setSchedulability(
        of name: NodeName, _ schedulability: Schedulability, by: String, _ token: RequestToken,
        into effects: inout [GridEffect]
    ) {
        guard let node = nodeIndices[name] else {
            effects.append(.refused(token, .unknownNode(name, known: knownNames)))
            return
        }
        let isForRisk = nodes[node].node.isDrainedForRisk
        nodes[node].node.isDrainedForRisk = false
        let isChange = nodes[node].node.schedulability != schedulability
        if isChange {
            change(schedulability, of: node, by: by, into: &effects)
        } else if isForRisk {
            effects.append(.saveNode(nodes[node].node))
        }
        if isForRisk, schedulability == .open { excuseRisk(of: node, into: &effects) }
        effects.append(.answered(token, .node(nodes[node].node)))
        if isChange { announceDrained(node, into: &effects) }
        fill(node, into: &effects)
    }

    /// The grid itself closes or opens the node for its risk.
    mutating func restrict(
        _ node: Int, _ schedulability: Schedulability, by: String, into effects: inout [GridEffect]
    ) {
        nodes[node].node.isDrainedForRisk = schedulability != .open
        change(schedulability, of: node, by: by, into: &effects)
        announceDrained(node, into: &effects)
    }

    private mutating func change(
        _ schedulability: Schedulability, of node: Int, by: String, into effects: inout [GridEffect]
    ) {
        nodes[node].node.schedulability = schedulability
        if schedulability != .draining {
            nodes[node].node.drainDeadline = nil
            nodes[node].drainUntil = nil
        }
        nodes[node].isDrainPending = schedulability == .draining
        refreshPlaceable(node)
        effects.append(.saveNode(nodes[node].node))
        emit(.nodeSchedulabilityChanged(nodes[node].node.name, schedulability, by: by), into: &effects)
    }

    /// Says once that a draining node runs nothing any more.
    mutating func announceDrained(_ node: Int, into effects: inout [GridEffect]) {
        guard nodes[node].isDrainPending, nodes[node].firstAttempt < 0 else { return }
        nodes[node].isDrainPending = false
        emit(.nodeDrained(nodes[node].node.name), into: &effects)
    }

    /// Gives a node up for good. One that is connected and runs something is to be drained first. Tasks that ask for it
    /// alone end.
    mutating func remove(_ name: NodeName, by: String, _ token: RequestToken, into effects: inout [GridEffect]) {
        guard let node = nodeIndices[name] else {
            effects.append(.refused(token, .unknownNode(name, known: knownNames)))
            return
        }
        guard nodes[node].phase != .online || nodes[node].firstAttempt < 0 else {
            effects.append(.refused(token, .nodeBusy(name, attempts: ledgers[node].attempts)))
            return
        }
        let record = nodes[node].node
        nodes[node].isRemoved = true
        if nodes[node].isSlow {
            nodes[node].isSlow = false
            slowNodes -= 1
        }
        nodes[node].isDrainPending = false
        nodeIndices[name] = nil
        nodes[node].drainUntil = nil
        nodes[node].flaps = FlapGuard()
        _ = circuits.clear(node: node)
        forgetRisk(of: node)
        capacityVersion += 1
        let listening = hearing.listening(at: now.monotonic)
        judge(node) { $0.lost(at: listening) }
        effects.append(.deleteNode(name))
        emit(.nodeRemoved(name, by: by), into: &effects)
        effects.append(.answered(token, .node(record)))
        for slot in livingSlots(on: node) {
            let error = "its node \(name) was removed from the grid"
            conclude(slot, on: node, AttemptOutcome(end: .lost, error: error), into: &effects)
        }
        for entry in queue.removeAll(pinnedTo: node) {
            tasks[entry.slot].phase = .backingOff
            settle(entry.slot, .failed, reason: "its node \(name) was removed from the grid", into: &effects)
        }
        nodes[node].session = nil
        freeNodes.append(node)
        reviewBrake(into: &effects)
    }

    /// An agent's hello: replaces what was known of the connection, and settles what each side believes of the attempts.
    mutating func connect(
        _ hello: Node, _ session: SessionID, attempts: [AttemptRef], instance: UInt64, slept: Int64,
        into effects: inout [GridEffect]
    ) {
        let known = nodeIndices[hello.name]
        if let known, session.number < nodes[known].newestSession { return }
        let node = known ?? add(Node(name: hello.name))
        let isAgentNew = instance != 0 && nodes[node].instance != 0 && instance != nodes[node].instance
        let before = nodes[node].phase
        let wasHeard = nodes[node].lastHeard != nil
        nodes[node].session = nil
        refreshPlaceable(node)
        if adopt(hello, node) || known == nil { effects.append(.saveNode(nodes[node].node)) }
        if known == nil { emit(.nodeRegistered(hello.name), into: &effects) }

        nodes[node].session = session
        nodes[node].newestSession = session.number
        nodes[node].instance = instance
        nodes[node].lastHeard = now.monotonic
        nodes[node].lies = []
        noteConnection(of: node)
        note(hello.misstatements, of: node, into: &effects)
        reconcile(node, attempts, isAgentNew: isAgentNew, into: &effects)
        fleet.setCapacity(node, nodes[node].node.inventory)
        comeOnline(node, from: before)
        if before != .online { emit(.nodeOnline(hello.name), into: &effects) }
        if wasHeard, slept <= 0 {
            noteFlap(before == .offline || isAgentNew ? .death : .reconnection, of: node, into: &effects)
        }
        noteSlowness(of: node, into: &effects)
        reviewBrake(into: &effects)
        keepRoomAgain(on: node)
        fill(node, into: &effects)
    }

    private mutating func comeOnline(_ node: Int, from before: NodeWatch.Phase) {
        let listening = hearing.listening(at: now.monotonic)
        let rule = livenessRule
        judge(node) { $0.heard(at: listening, rule) }
        nodes[node].trouble = ""
        if before == .offline { brake.cameBack() }
        refreshPlaceable(node)
    }

    /// Takes over what a hello says of the node; true when that is news to be kept.
    private mutating func adopt(_ hello: Node, _ node: Int) -> Bool {
        var record = nodes[node].node
        record.role = hello.role
        record.link = hello.link
        record.address = hello.address
        record.inventory = hello.inventory.clamped
        record.isExternal = false
        record.labels = hello.labels.clampedLabels
        guard record != nodes[node].node else { return false }
        nodes[node].node = record
        fleet.setRecord(node, record)
        capacityVersion += 1
        return true
    }
}

/// What the coordinator and a node that has just dialled in each believe of the attempts.
extension GridMachine {
    private mutating func reconcile(
        _ node: Int, _ listed: [AttemptRef], isAgentNew: Bool, into effects: inout [GridEffect]
    ) {
        for ref in listed {
            if let slot = tasks.slot(of: ref.task), tasks[slot].phase == .living(node: node),
                tasks[slot].task.epoch == ref.epoch
            {
                tasks[slot].isListed = true
            } else {
                order(.forget(ref), to: node, into: &effects)
            }
        }
        for slot in livingSlots(on: node) {
            if tasks[slot].isListed {
                tasks[slot].isListed = false
                reattach(slot, on: node, into: &effects)
            } else {
                restart(slot, on: node, isAgentNew: isAgentNew, into: &effects)
            }
        }
    }

    /// The node still has the attempt, or its result. A start that was not heard of is ordered again, which makes the
    /// node repeat what it said last.
    private mutating func reattach(_ slot: Int, on node: Int, into effects: inout [GridEffect]) {
        tasks[slot].mayHaveStarted = false
        expect(slot)
        if tasks[slot].task.cancelRequested || tasks[slot].isMoving {
            armCancelTimeout(slot)
            orderCancel(slot, on: node, into: &effects)
        } else if tasks[slot].task.state == .assigned {
            arm(slot, at: now.monotonic.advanced(byMilliseconds: settings.startTimeoutMilliseconds))
            orderStart(slot, into: &effects)
        }
    }

    /// The node does not have the attempt. It is ordered again if it surely never started, else it is lost.
    private mutating func restart(_ slot: Int, on node: Int, isAgentNew: Bool, into effects: inout [GridEffect]) {
        let live = tasks[slot]
        let name = nodes[node].node.name
        if live.task.cancelRequested {
            conclude(slot, on: node, AttemptOutcome(end: .cancelled), tellNode: false, into: &effects)
        } else if live.task.state == .running || live.mayHaveStarted || isAgentNew {
            let outcome = AttemptOutcome(end: .lost, error: "\(name) came back without it")
            conclude(slot, on: node, outcome, tellNode: false, into: &effects)
        } else {
            arm(slot, at: now.monotonic.advanced(byMilliseconds: settings.startTimeoutMilliseconds))
            orderStart(slot, into: &effects)
        }
    }
}
