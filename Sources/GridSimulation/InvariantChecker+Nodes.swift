import GridLogic
import GridModel

/// The rules about nodes and what is reserved on them.
extension InvariantChecker {
    /// Invariants 3 and 7 for a new attempt.
    mutating func checkPlacement(_ attempt: Attempt, _ name: String) {
        guard let node = nodes[attempt.node] else {
            fail("7 placement", "\(name) is on \(attempt.node), which is unknown")
            return
        }
        if node.session == nil || node.liveness != .online || node.schedulability != .open {
            fail("7 placement", "\(name) is on \(attempt.node), \(node.liveness) and \(node.schedulability)")
        }
        checkHealthy(node, attempt, name)
        let silence = settings.suspectAfterMilliseconds + settings.latenessMilliseconds
        if now - node.lastHeard > silence * 1_000, now > settledAt + silence * 1_000 {
            fail("7 placement", "\(name) is on \(attempt.node), silent for \(now - node.lastHeard) us")
        }
        if !fits(attempt.reservation.request, node) {
            fail("3 ledger", "\(name) does not fit on \(attempt.node)")
        }
        checkGPUs(attempt.reservation, node, name)
    }

    private mutating func checkGPUs(_ reservation: Reservation, _ node: NodeModel, _ name: String) {
        let request = reservation.request
        let wanted = request.gpus > 0 ? request.gpus : request.gpuMemoryBytes > 0 ? 1 : 0
        if reservation.gpuIndices.count != wanted { fail("3 ledger", "\(name) got \(reservation.gpuIndices) GPUs") }
        for index in reservation.gpuIndices {
            guard node.inventory.gpus.indices.contains(index) else {
                fail("3 ledger", "\(name) got GPU \(index)")
                continue
            }
            let held = node.gpus[index] ?? (0, false)
            let isFree =
                request.gpus > 0
                ? held.shared == 0 && !held.isWhole
                : !held.isWhole && held.shared + request.gpuMemoryBytes <= node.inventory.gpus[index].memoryBytes
            if !isFree { fail("3 ledger", "\(name) got GPU \(index), which is taken") }
        }
    }

    /// Whether the node is what the task demands.
    func satisfies(_ spec: TaskSpec, _ name: NodeName, _ node: NodeModel) -> Bool {
        guard !spec.constraint.isEmpty, let constraint = try? Constraint(spec.constraint) else { return true }
        return constraint.isSatisfied(by: Node(name: name, inventory: node.inventory))
    }

    func fits(_ request: ResourceRequest, _ node: NodeModel) -> Bool {
        if node.attempts >= settings.maxAttemptsPerNode { return false }
        if request.cpuMillis > 0, node.cpuMillis + request.cpuMillis > Int64(node.inventory.cores) * 1_000 {
            return false
        }
        if request.memoryBytes > 0, node.memoryBytes + request.memoryBytes > node.inventory.memoryBytes {
            return false
        }
        let free = node.inventory.gpus.indices.filter { node.gpus[$0] == nil }
        if request.gpus > free.count { return false }
        guard request.gpuMemoryBytes > 0 else { return true }
        return node.inventory.gpus.indices.contains { index in
            let held = node.gpus[index] ?? (0, false)
            return !held.isWhole && held.shared + request.gpuMemoryBytes <= node.inventory.gpus[index].memoryBytes
        }
    }

    mutating func hold(_ reservation: Reservation, on name: NodeName, _ sign: Int64) {
        if let index = nodes.index(forKey: name) { nodes.values[index].hold(reservation, sign) }
    }

    /// Everything at once, from what the machine says of itself.
    mutating func checkAll(_ machine: GridMachine, at moment: Moment, isWorkChecked: Bool) {
        figures.fullChecks += 1
        if machine.liveTaskCount != tasks.count {
            fail("1 never lost", "\(machine.liveTaskCount) tasks live where \(tasks.count) should")
        }
        let states = machine.stateCounts
        for state in TaskState.allCases where (counts[state] ?? 0) != (states[state] ?? 0) {
            fail("1 never lost", "\(states[state] ?? 0) tasks are \(state) where \(counts[state] ?? 0) should be")
        }
        for view in machine.nodeViews(at: moment) { check(view) }
        checkDrains()
        // What is due is still to come with the tick.
        let isDue = machine.nextDeadline.map { $0 <= moment.monotonic } ?? false
        if isWorkChecked, !isDue { checkNothingIdles(machine) }
    }

    private mutating func check(_ view: NodeView) {
        guard let node = nodes[view.node.name] else {
            fail("3 ledger", "\(view.node.name) is known to the machine alone")
            return
        }
        let reserved = ResourceRequest(
            cpuMillis: node.cpuMillis, memoryBytes: node.memoryBytes,
            gpus: node.gpus.values.count(where: \.isWhole),
            gpuMemoryBytes: node.gpus.values.reduce(0) { $0 + $1.shared })
        if view.reserved != reserved || view.runningAttempts != node.attempts {
            fail("3 ledger", "\(view.node.name) has \(view.reserved) reserved where \(reserved) lives")
        }
        let (has, holds) = (view.capacity, view.reserved)
        if holds.cpuMillis > has.cpuMillis || holds.memoryBytes > has.memoryBytes || holds.gpus > has.gpus
            || holds.gpuMemoryBytes > has.gpuMemoryBytes
        {
            fail("3 ledger", "\(view.node.name) has \(holds) reserved of \(has)")
        }
        if view.liveness != node.liveness, node.liveness != .offline || view.liveness == .online {
            fail("7 liveness", "\(view.node.name) is \(view.liveness) and \(node.liveness) was told")
        }
    }

    /// Invariant 8: no task waits while a node that may take it has room.
    private mutating func checkNothingIdles(_ machine: GridMachine) {
        checkOneOpen()
        let open = nodes.filter { isOpen($0.value) }
        let shunned = open.keys.filter { isShunned($0) }
        guard !open.isEmpty else { return }
        for task in machine.liveTasks(matching: { $0.state == .queued && $0.notBefore == nil }) {
            let type = task.spec.payload.type
            for (name, node) in open where task.spec.node == nil ? !shunned.contains(name) : task.spec.node == name {
                if node.healing.circuits[type] == nil, fits(task.spec.resources, node),
                    satisfies(task.spec, name, node), !isKept(name, node, from: task)
                {
                    fail("8 no starvation", "t\(task.id.number) waits while \(name) has room")
                }
            }
        }
    }
}

extension InvariantChecker.NodeModel {
    mutating func hold(_ reservation: Reservation, _ sign: Int64) {
        cpuMillis += sign * reservation.request.cpuMillis
        memoryBytes += sign * reservation.request.memoryBytes
        attempts += Int(sign)
        for gpu in reservation.gpuIndices {
            var held = gpus[gpu] ?? (0, false)
            if reservation.request.gpus > 0 {
                held.isWhole = sign > 0
            } else {
                held.shared += sign * reservation.request.gpuMemoryBytes
            }
            gpus[gpu] = held.shared == 0 && !held.isWhole ? nil : held
        }
    }
}
