import GridIdentity
import GridLogic
import GridModel
import GridStore

/// Finding one task by what a person has of it: the id, the idempotency key, or the first letters of the id.
extension GridOperations {
    func find(_ caller: Caller, _ name: String) async throws(OperationError) -> GridTask {
        guard !name.isEmpty else {
            throw .refused(.invalid("task", "is missing: give an id, a unique prefix of one, or an idempotency key"))
        }
        if let id = TaskID(name), let task = try await task(id) { return try visible(task, caller, name) }
        if let task = try await task(key: name) { return try visible(task, caller, name) }
        if let prefix = TaskID.Prefix(name) {
            let candidates = try await tasks(withPrefix: prefix, seenBy: caller)
            if candidates.count == 1 { return candidates[0] }
            if candidates.count > 1 { throw .refused(.ambiguous(name, candidates)) }
        }
        throw .refused(.noSuchTask(name))
    }

    func task(_ id: TaskID) async throws(OperationError) -> GridTask? {
        if let living = try await loop.look({ $0.task(id) }) { return living }
        if let stored = try await reads.run({ [store] () throws(StoreError) in try store.task(id) }) { return stored }
        if let ended = ended.task(id) { return ended }
        // The news of its end may be on its way; whoever looks once more comes behind it.
        _ = try await loop.look { $0.now }
        return ended.task(id)
    }

    private func task(key: String) async throws(OperationError) -> GridTask? {
        if let living = try await loop.look({ $0.machine.liveTask(forKey: key) }) { return living }
        return try await reads.run { [store] () throws(StoreError) in try store.task(key: key) }
    }

    private func tasks(
        withPrefix prefix: TaskID.Prefix, seenBy caller: Caller
    ) async throws(OperationError) -> [GridTask] {
        let stored = try await reads.run { [store] () throws(StoreError) in
            try store.ids(withPrefix: prefix, limit: 20)
        }
        let living = try await loop.look { view in
            view.machine.liveTasks(limit: 20) { $0.id.hasPrefix(prefix) }.map(\.id)
        }
        var found: [GridTask] = []
        for id in Set(stored + living).sorted() {
            if let task = try await task(id), caller.seesTasks(of: task.spec.submitter) { found.append(task) }
        }
        return found
    }

    /// What a caller may not see does not exist for it.
    private func visible(_ task: GridTask, _ caller: Caller, _ name: String) throws(OperationError) -> GridTask {
        guard caller.seesTasks(of: task.spec.submitter) else { throw .refused(.noSuchTask(name)) }
        return task
    }
}

extension Refusal {
    static func noSuchTask(_ name: String) -> Refusal {
        Refusal(
            .notFound, reason: "NO_SUCH_TASK",
            message: "No task is called “\(name.prefix(80))”: `noizylab task list` shows those there are.")
    }

    static func ambiguous(_ name: String, _ tasks: [GridTask]) -> Refusal {
        let list = tasks.prefix(10).map { "\($0.id) (\($0.spec.payload.type), \($0.state.rawValue))" }
        return Refusal(
            .failedPrecondition, reason: "AMBIGUOUS_PREFIX",
            message: "“\(name.prefix(80))” begins the names of several tasks: \(list.joined(separator: ", "))"
                + (tasks.count > 10 ? " and more" : "") + ". Give more letters.")
    }
}
