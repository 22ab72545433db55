package import GridModel

/// Why a task is where it is, and where one would go.
extension GridMachine {
    /// Of a living task.
    package func why(_ id: TaskID) -> PlacementReport? {
        guard let slot = tasks.slot(of: id) else { return nil }
        let task = tasks[slot].task
        guard case .success(let shape) = shape(of: task.spec) else { return nil }
        var report = report(on: shape, task)
        if case .waiting = tasks[slot].phase {
            var steps = 0
            let ahead = queue.ahead(
                of: entry(of: task, slot), client: client(of: task), at: now.wall.microseconds, steps: &steps)
            report.sumUp(shape)
            addPreemption(to: &report, shape, slot)
            if ahead.isExact {
                report.queue = (ahead.count, queue.count)
            } else {
                report.summary += "; \(ahead.count) or more of \(queue.count) tasks that wait go before it"
            }
            return report
        }
        report.sumUp(shape)
        addPreemption(to: &report, shape, slot)
        return report
    }

    /// Of a task that is only thought of. Throws the refusal it would meet.
    package func plan(_ spec: TaskSpec) throws(Refusal) -> PlacementReport {
        let shape = try shape(of: spec).get()
        if let refusal = refusal(of: shape) { throw refusal }
        var report = report(on: shape, nil)
        report.sumUp(shape)
        if !report.isPossibleNow { addPreemptionChoice(to: &report, shape, spec.priority, tried: []) }
        return report
    }

    /// What keeps it from the node that is nearest to taking it, of the first so many: `: n1: it is cordoned`. Empty
    /// when nothing does.
    func nearestObstacle(_ shape: Shape) -> String {
        let looked = nodes.indices.lazy.filter { !self.nodes[$0].isRemoved }.prefix(256)
        let found = looked.compactMap { index in
            obstacle(to: shape, index).map { (nodes[index].node.name, $0) }
        }
        return PlacementReport.nearest(of: Array(found)).map { ": \($0.0): \($0.1.words)" } ?? ""
    }

    private func report(on shape: Shape, _ task: GridTask?) -> PlacementReport {
        let known = knownNames.compactMap { nodeIndices[$0] }
        let ranked = fleet.ranking(shape, reluctance: reluctance(to: shape, task?.attempts.map(\.node) ?? []))
        let verdicts = known.map { index in
            var verdict = PlacementReport.Verdict(node: nodes[index].node.name)
            verdict.obstacle = obstacle(to: shape, index)
            verdict.load = ledgers[index].load
            verdict.roundTripMicroseconds = ledgers[index].roundTripMicroseconds
            verdict.timesTried = task?.attempts.count { $0.node == verdict.node } ?? 0
            if verdict.obstacle == nil, let place = ranked.firstIndex(where: { $0.node == index }) {
                verdict.place = place + 1
                verdict.stranded = Double(ranked[place].stranded)
            }
            return verdict
        }
        return PlacementReport(rule: fleet.rule, task: task, verdicts: verdicts)
    }

    /// The first filter that says no.
    private func obstacle(to shape: Shape, _ index: Int) -> PlacementReport.Obstacle? {
        let node = nodes[index].node
        func obstacle(_ filter: PlacementReport.Filter, _ words: String, isLasting: Bool = false)
            -> PlacementReport.Obstacle
        { PlacementReport.Obstacle(filter: filter, words: words, isLasting: isLasting) }

        if let pin = shape.pin, pin != index {
            return obstacle(.pin, "the task asks for \(nodes[pin].node.name)", isLasting: true)
        }
        if node.isExternal {
            return obstacle(.external, "a program speaks for it and it takes no tasks", isLasting: true)
        }
        if let root = (try? Constraint(shape.constraint))?.root, !root.holds(for: node) {
            return obstacle(.constraint, root.failure(for: node), isLasting: true)
        }
        if !fleet.admits(shape, on: index) {
            return obstacle(.signature, "it runs signed tasks alone, and this one is not signed", isLasting: true)
        }
        switch nodes[index].phase.liveness {
        case .offline: return obstacle(.liveness, "it is offline")
        case .suspect: return obstacle(.liveness, "it is not heard at the moment")
        case .online: break
        }
        switch node.schedulability {
        case .cordoned: return obstacle(.schedulability, "it is cordoned")
        case .draining where node.isDrainedForRisk:
            return obstacle(.risk, "it is drained for its risk of \(riskWords(of: index))")
        case .draining: return obstacle(.schedulability, "it is draining")
        case .open: break
        }
        if !nodes[index].isMeasured { return obstacle(.measured, "it has not yet said what it has") }
        if nodes[index].flaps.until != nil {
            return obstacle(.quarantine, "it went and came back too often and is quarantined")
        }
        if !circuits.admits(shape.type, on: index) {
            return obstacle(.circuit, "tasks of type \(shape.type) fail there at the moment")
        }
        if shape.pin == nil, avoidance.current(in: fleet).contains(index) {
            return obstacle(.risk, "it is avoided for its risk of \(riskWords(of: index))")
        }
        if let full = ledgers[index].obstacle(to: shape.resources, nodes[index].sample) { return full }
        return fleet.isOpen(index) ? nil : obstacle(.liveness, "it takes no tasks at the moment")
    }
}

/// Who has to make room, and for whom.
extension GridMachine {
    private func addPreemption(to report: inout PlacementReport, _ shape: Shape, _ slot: Int) {
        let task = tasks[slot].task
        switch tasks[slot].phase {
        case .roomKept(let node): addKeptRoom(to: &report, on: node)
        case .waiting:
            if let last = task.attempts.last, last.isPreempted {
                report.summary += "; its last attempt was \(last.words)"
            }
            addPreemptionChoice(to: &report, shape, task.spec.priority, tried: task.attempts.map(\.node))
        case .living:
            guard let preemption = task.attempts.last?.preemption else { return }
            report.summary += ", and was asked to end: \(preemption.words)"
            report.remedy = "noizylab task why \(preemption.by)"
        case .backingOff: break
        }
    }

    private func addKeptRoom(to report: inout PlacementReport, on node: Int) {
        guard let claim = preemption.claims[node] else { return }
        let name = nodes[node].node.name
        let refs = claim.ending.map { tasks[$0].task.newestRef }.sorted()
        let told = refs.prefix(4).map { "attempt \($0.epoch) of \($0.task)" }.joined(separator: ", ")
        let more = refs.count > 4 ? " and \(refs.count - 4) more" : ""
        report.summary = "it waits on \(name) until \(told)\(more) has ended, asked to because of its priority"
        report.remedy = refs.first.map { "noizylab task show \($0.task)" } ?? ""
        for index in report.verdicts.indices where report.verdicts[index].node == name {
            report.verdicts[index].obstacle = PlacementReport.Obstacle(
                filter: .preemption, words: "room is kept for it until \(told)\(more) has ended", isLasting: false)
        }
    }

    /// Looked for on a copy: nothing is drawn or remembered.
    private func addPreemptionChoice(
        to report: inout PlacementReport, _ shape: Shape, _ priority: Int, tried: [NodeName]
    ) {
        guard settings.preempts, let lowest = preemption.lowestPriority, lowest < priority else { return }
        var machine = self
        guard let choice = machine.preemptionChoice(shape, priority, tried) else { return }
        report.summary += "; room can be made on \(nodes[choice.node].node.name), \(choice.words)"
    }
}
