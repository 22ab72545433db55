import GridModel

extension GridMachine {
    /// A task that waits is cancelled at once. One that lives is ordered to end and is cancelled when its node says so,
    /// is lost, or says nothing for too long; if it succeeded before the order came, the result stands. Either way no
    /// further attempt starts.
    mutating func cancel(_ id: TaskID, by: String, _ token: RequestToken, into effects: inout [GridEffect]) {
        guard let slot = tasks.slot(of: id) else {
            effects.append(.refused(token, .unknownTask(id)))
            return
        }
        let isFirst = !tasks[slot].task.cancelRequested
        let reason = by.isEmpty ? "cancelled" : "cancelled by \(by)"
        tasks[slot].task.cancelRequested = true
        switch tasks[slot].phase {
        case .waiting, .backingOff, .roomKept:
            emit(.taskCancelRequested(id, by: by), about: tasks[slot].isDurable, into: &effects)
            settle(slot, .cancelled, reason: reason, into: &effects)
            answerBeforeSettled(token, into: &effects)
        case .living(let node):
            if isFirst {
                tasks[slot].task.reason = reason
                armCancelTimeout(slot)
                save(slot, into: &effects)
                emit(.taskCancelRequested(id, by: by), about: tasks[slot].isDurable, into: &effects)
            }
            effects.append(.answered(token, .task(tasks[slot].task)))
            orderCancel(slot, on: node, into: &effects)
        }
    }

    func orderCancel(_ slot: Int, on node: Int, into effects: inout [GridEffect]) {
        let ref = tasks[slot].task.newestRef
        order(.cancel(ref, graceMilliseconds: settings.cancelGraceMilliseconds), to: node, into: &effects)
    }

    /// The last effect says that the task settled; the answer goes before it.
    private func answerBeforeSettled(_ token: RequestToken, into effects: inout [GridEffect]) {
        guard case .taskSettled(let task)? = effects.last else { preconditionFailure("settling says so last") }
        effects.insert(.answered(token, .task(task)), at: effects.count - 1)
    }

    mutating func armCancelTimeout(_ slot: Int) {
        let patience = settings.cancelGraceMilliseconds + settings.timeoutSlackMilliseconds
        arm(slot, at: now.monotonic.advanced(byMilliseconds: patience))
    }
}
