import GridIdentity
package import GridLogic
package import GridModel

/// Asking where tasks go, and why.
extension GridOperations {
    /// Of a living task; one that has ended is told with its last reason and without nodes.
    package func why(_ caller: Caller, named name: String) async throws(OperationError) -> WhyAnswer {
        try authorise(caller, .viewTasks)
        let task = try await find(caller, name)
        let report = try await loop.look { $0.machine.why(task.id) }
        return WhyAnswer(task: report?.task ?? task, report: report)
    }

    package func plan(_ caller: Caller, _ spec: TaskSpec) async throws(OperationError) -> PlacementReport {
        try authorise(caller, .runTasks)
        let wrong = GridModel.violations(of: spec, key: nil)
        if !wrong.isEmpty { throw .refused(.invalid(wrong)) }
        try caller.requireScope(toRun: spec)
        let plan = try await loop.look { view in
            Result { () throws(Refusal) in try view.machine.plan(spec) }
        }
        switch plan {
        case .success(let report): return report
        case .failure(let refusal): throw .refused(refusal)
        }
    }
}

/// Why a task is where it is, or is nowhere yet.
package struct WhyAnswer: Sendable {
    package var task: GridTask
    /// Nil when the task has ended.
    package var report: PlacementReport?
}
