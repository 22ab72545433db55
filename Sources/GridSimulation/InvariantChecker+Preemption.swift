import GridLogic
import GridModel

/// The rules about attempts that end for others: only where that is wanted, only for a task of higher priority that gets
/// the room, none needlessly, none too often, not all at once, and at nobody's expense but time.
extension InvariantChecker {
    /// What the checker keeps of preemptions.
    struct Preemptions {
        /// Of the input that is being handled: by node, for whom, and who was asked to end.
        var asked: [NodeName: (by: UInt64, victims: [UInt64])] = [:]
        /// When, of the last second.
        var times: [Int64] = []
        /// The most that lived at once.
        var mostLiving = 0
    }

    mutating func observePreemption(_ task: GridTask, _ living: Living, _ preemption: Preemption, _ model: TaskModel) {
        let name = "t\(task.id.number).\(living.epoch)"
        figures.preemptions += 1
        turns.isDisturbed = true
        if !settings.preempts { fail("11 preemption", "\(name) is ended for another, and that is not wanted") }
        if model.preemptions >= settings.preemptionLimit {
            fail("11 preemption", "\(name) is ended for another for the \(model.preemptions + 1)th time")
        }
        if model.spec.onLost != .retry { fail("11 preemption", "\(name) may not be begun anew") }
        if model.isCancelRequested { fail("11 preemption", "\(name) was ending already") }
        guard let other = tasks[preemption.by.number], other.state == .queued, other.living == nil else {
            fail("11 preemption", "\(name) is ended for t\(preemption.by.number), which does not wait")
            return
        }
        if other.spec.priority != preemption.priority || other.spec.priority <= model.spec.priority {
            fail(
                "11 preemption",
                "\(name) of priority \(model.spec.priority) is ended for one of \(other.spec.priority)")
        }
        if let node = nodes[living.node], !isOpen(node) {
            fail("11 preemption", "\(name) is ended on \(living.node), which takes no tasks")
        }
        preemptions.asked[living.node, default: (preemption.by.number, [])].victims.append(task.id.number)
    }

    /// After an input: what was asked to end makes room, and none of it is asked needlessly.
    mutating func checkPreemptions() {
        preemptions.mostLiving = max(
            preemptions.mostLiving, (counts[.assigned] ?? 0) + (counts[.running] ?? 0))
        guard !preemptions.asked.isEmpty else { return }
        let asked = preemptions.asked
        preemptions.asked = [:]
        for (name, (by, victims)) in asked {
            guard let other = tasks[by], let node = nodes[name] else { continue }
            let emptied = without(marked(on: name), node)
            if !fits(other.spec.resources, emptied) {
                fail("11 preemption", "t\(by) has no room on \(name) when all have ended that were asked to")
            }
            for victim in victims {
                let others = marked(on: name).filter { $0 != victim }
                if fits(other.spec.resources, without(others, node)) {
                    fail("11 preemption", "t\(victim) is ended needlessly on \(name) for t\(by)")
                }
            }
            nodes[name]?.keptFor = by
        }
        checkPreemptionRate(asked.values.map(\.victims.count))
    }

    /// `counts`: how many end now, for each task that they end for.
    private mutating func checkPreemptionRate(_ counts: [Int]) {
        let count = counts.reduce(0, +)
        preemptions.times.removeAll { now - $0 > 1_000_000 }
        let burst = max(settings.preemptionLeast, Int(settings.preemptionShare * Double(preemptions.mostLiving)), 1)
        if count > max(burst, counts.max() ?? 0) {
            fail("11 brake", "\(count) attempts for \(counts.count) tasks at once, and \(burst) is the burst")
        }
        if preemptions.times.count > burst + max(1, burst / 10) {
            fail("11 brake", "\(preemptions.times.count) attempts within a second, and then \(count)")
        }
        preemptions.times += Array(repeating: now, count: count)
    }

    /// Nobody else takes room that is kept.
    mutating func checkKeptRoom(_ node: NodeName, of number: UInt64, _ name: String) {
        guard let by = nodes[node]?.keptFor, by != number, let other = tasks[by], let model = nodes[node] else {
            return
        }
        // What is known of the task itself is still of before.
        let ending = marked(on: node).filter { $0 != number }
        if !fits(other.spec.resources, without(ending, model)) {
            fail("11 kept room", "\(name) takes room on \(node) that is kept for t\(by)")
        }
    }

    /// Whether the node's room is another's, so that the task may have to wait beside it.
    func isKept(_ name: NodeName, _ node: NodeModel, from task: GridTask) -> Bool {
        let ending = marked(on: name)
        guard let by = node.keptFor, by != task.id.number, let other = tasks[by] else {
            return node.keptFor != task.id.number && !ending.isEmpty
        }
        // Which of the GPUs are kept is not followed.
        guard !task.spec.resources.asksForGPU else { return true }
        var fuller = without(ending, node)
        fuller.hold(Reservation(request: task.spec.resources), 1)
        return !fits(other.spec.resources, fuller)
    }

    /// Room is kept no longer: the node was not open for a while, or the task needs it no more.
    mutating func forgetKeptRoom(on name: NodeName) { nodes[name]?.keptFor = nil }

    mutating func forgetKeptRoom(for number: UInt64) {
        for (name, node) in nodes where node.keptFor == number { nodes[name]?.keptFor = nil }
    }

    /// Numbers of the tasks whose attempts live there and were asked to end.
    private func marked(on name: NodeName) -> [UInt64] {
        guard settings.preempts else { return [] }
        return tasks.compactMap { number, task in
            task.living?.node == name && task.living?.preemption != nil ? number : nil
        }
    }

    private func without(_ numbers: [UInt64], _ node: NodeModel) -> NodeModel {
        var emptied = node
        for number in numbers {
            if let living = tasks[number]?.living { emptied.hold(living.reservation, -1) }
        }
        return emptied
    }
}
