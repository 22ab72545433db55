import GridIdentity
import GridLogic
package import GridModel
import GridStore

/// Submitting, finding, cancelling and retrying.
extension GridOperations {
    /// Returns when it is accepted, which means durable. `feed` follows the task from then on.
    package func submit(
        _ caller: Caller, _ spec: TaskSpec, key: String?, feed: TaskFeed? = nil
    ) async throws(OperationError) -> (task: GridTask, isNew: Bool) {
        switch try await run(caller, spec, key: key, wantsResult: false, feed: feed) {
        case .accepted(let task, let isNew): return (task, isNew)
        case .settled(let task, _): return (task, false)
        case .refused(let refusal): throw .refused(refusal)
        case .callerLeft: throw .failed("The caller left.")
        }
    }

    /// Submits and waits for the terminal state, however long it takes. `wait` waits for the submission as long as its
    /// caller is there.
    func execute(
        _ caller: Caller, _ spec: TaskSpec, key: String?,
        wait: (OneSubmission) async -> OneSubmission.End = { await $0.wait() }
    ) async throws(OperationError) -> (task: GridTask, hops: HopTimes) {
        switch try await run(caller, spec, key: key, wantsResult: true, feed: nil, wait: wait) {
        case .settled(let task, let hops): return (task, hops)
        case .refused(let refusal): throw .refused(refusal)
        case .accepted, .callerLeft: throw .failed("The caller left; the task goes on.")
        }
    }

    private func run(
        _ caller: Caller, _ spec: TaskSpec, key: String?, wantsResult: Bool, feed: TaskFeed?,
        wait: (OneSubmission) async -> OneSubmission.End = { await $0.wait() }
    ) async throws(OperationError) -> OneSubmission.End {
        try authorise(caller, .runTasks)
        // Who only submits an ephemeral task may ask for it later, when nobody else knows of it any more.
        let isKept = !wantsResult && spec.durability == .ephemeral
        let submission = try admit(
            caller, ref: 0, spec, key: key, arrivedAt: SystemClock.monotonic(), wantsResult: wantsResult || isKept,
            feed: feed)
        try gateway.carry(caller, bytes: submission.spec.payload.byteCount)
        var keep: (@Sendable (GridTask) -> Void)?
        if isKept { keep = { [ended] in ended.keep($0) } }
        let one = OneSubmission(wantsResult: wantsResult, onSettled: keep)
        if let (_, refusal) = loop.submit([submission], to: one) { throw .refused(refusal) }
        return await wait(one)
    }

    /// Validates what a caller asks for, and stamps it with who asks.
    func admit(
        _ caller: Caller, ref: UInt64, _ spec: TaskSpec, key: String?, arrivedAt: MonotonicTime, wantsResult: Bool,
        feed: TaskFeed? = nil
    ) throws(OperationError) -> Submission {
        var spec = spec
        spec.submitter = caller.name
        let key = key.flatMap { $0.isEmpty ? nil : $0 }
        let violations = GridModel.violations(of: spec, key: key)
        if !violations.isEmpty { throw .refused(.invalid(violations)) }
        try requireScope(caller, toRun: spec)
        if outputs.isFull(spec.submitter) { throw .refused(outputQuotaReached(by: spec.submitter)) }
        if !spec.envelope.isEmpty { try requireUnchanged(spec) }
        spec = try sealed(spec)
        return Submission(
            ref: ref, spec: spec, key: key, arrivedAt: arrivedAt, wantsResult: wantsResult, feed: feed)
    }

    private func outputQuotaReached(by owner: String) -> Refusal {
        let (stored, quota) = (outputs.storedBytes(of: owner), settings.output.ownerLimitBytes)
        return Refusal(
            .resourceExhausted, reason: "OUTPUT_QUOTA",
            message: "\(owner) has \(stored >> 20) MiB of task output stored here; the quota is \(quota >> 20) MiB: "
                + "no task is taken until some of it is deleted. That happens \(settings.taskRetentionSeconds / 86_400) days "
                + "after a task's end; raising limits.stored_output in the coordinator's configuration makes room at "
                + "once.",
            retryAfterMilliseconds: 60_000)
    }

    /// From here on its secrets are readable by nobody but the node that gets it.
    private func sealed(_ spec: TaskSpec) throws(OperationError) -> TaskSpec {
        guard !spec.secrets.isEmpty else { return spec }
        guard spec.secrets.values.allSatisfy({ $0.form == .open }) else {
            throw .refused(.invalid("spec.command.secrets", "must hold a value for every name"))
        }
        do { return try spec.with(secrets: vault.seal) } catch { throw .failed("The task's secrets cannot be kept.") }
    }

    package func task(_ caller: Caller, named name: String) async throws(OperationError) -> GridTask {
        try authorise(caller, .viewTasks)
        return try await find(caller, name)
    }

    package func cancel(_ caller: Caller, named name: String) async throws(OperationError) -> GridTask {
        try authorise(caller, .runTasks)
        let task = try await find(caller, name)
        try caller.requireScope(toRun: task.spec)
        if task.state.isTerminal { throw .refused(.alreadyEnded(task)) }
        let by = caller.name
        let answer: GridAnswer
        do {
            answer = try await loop.request { .cancel(task.id, by: by, $0) }
        } catch {
            // It may have ended in this moment.
            if let ended = try await self.task(task.id), ended.state.isTerminal { throw .refused(.alreadyEnded(ended)) }
            throw error
        }
        guard case .task(let cancelled) = answer else { throw .failed("A cancel was answered with a node.") }
        return cancelled
    }

    /// A new task that asks for the same.
    package func retry(_ caller: Caller, named name: String) async throws(OperationError) -> GridTask {
        try authorise(caller, .runTasks)
        let task = try await find(caller, name)
        guard task.state.isTerminal else {
            throw .refused(
                Refusal(
                    .failedPrecondition, reason: "STILL_LIVING",
                    message: "Task \(task.id) is \(task.state.rawValue): wait for its end or cancel it before a retry.")
            )
        }
        guard task.spec.secrets.isEmpty else { throw .refused(.secretsAreGone(task)) }
        guard task.spec.envelope.isEmpty else { throw .refused(.signedForOnce(task.id)) }
        return try await submit(caller, task.spec, key: nil).task
    }

    /// A key's scope, and its rate: each task counts, however it comes.
    private func requireScope(_ caller: Caller, toRun spec: TaskSpec) throws(OperationError) {
        guard case .key(let grant) = caller.proof else { return }
        try caller.requireScope(toRun: spec)
        try grant.spend(at: SystemClock.monotonic())
    }

    /// The nodes judge envelopes; one that no node could accept is refused before it is kept.
    private func requireUnchanged(_ spec: TaskSpec) throws(OperationError) {
        guard let envelope = TaskEnvelope.open(spec.envelope)?.envelope else { return }
        if envelope.cluster != settings.cluster {
            throw .refused(
                .invalid(
                    "spec.envelope", "was signed for the grid \(envelope.cluster), and this is \(settings.cluster)"))
        }
        if envelope.specDigest != SHA256Digest.of(spec.canonicalBytes) {
            throw .refused(.invalid("spec.envelope", "was signed for another task than this: see docs/signing.md"))
        }
        if envelope.expiresAt <= SystemClock.wall() {
            throw .refused(.invalid("spec.envelope", "has expired: sign the task again"))
        }
    }

    package struct TaskPage: Sendable {
        package var tasks: [GridTask]
        /// Give this as `before` for the next page; nil at the end.
        package var next: TaskID?
    }

    /// Newest first. Ephemeral tasks are in memory alone and not listed.
    package func tasks(
        _ caller: Caller, states: Set<TaskState>, node: NodeName?, before: TaskID?, limit: Int
    ) async throws(OperationError) -> TaskPage {
        try authorise(caller, .viewTasks)
        var found: [GridTask] = []
        var before = before
        // That an attempt started is told and not written, so the store may know a running task as assigned.
        let living = Set(TaskState.allCases.filter { !$0.isTerminal })
        let written = states.isDisjoint(with: living) ? states : states.union(living)
        try gateway.look(caller, tasks: limit)
        while true {
            let from = before
            let page = try await long.run(for: caller.name) { [store] in
                try store.tasks(states: written, node: node, before: from, limit: limit)
            }
            let current = try await asTheyAre(page)
            for task in current where caller.seesTasks(of: task.spec.submitter) {
                guard states.isEmpty || states.contains(task.state) else { continue }
                found.append(task)
                if found.count == limit { return TaskPage(tasks: found, next: task.id) }
            }
            guard page.count == limit, let last = page.last else { return TaskPage(tasks: found, next: nil) }
            before = last.id
        }
    }

    /// What the store knows of the living is what was last written; the loop knows better.
    private func asTheyAre(_ tasks: [GridTask]) async throws(OperationError) -> [GridTask] {
        if tasks.allSatisfy(\.state.isTerminal) { return tasks }
        return try await loop.look { view in
            tasks.map { $0.state.isTerminal ? $0 : view.task($0.id) ?? $0 }
        }
    }
}

extension Refusal {
    fileprivate static func secretsAreGone(_ task: GridTask) -> Refusal {
        Refusal(
            .failedPrecondition, reason: "SECRETS_ARE_GONE",
            message: "Task \(task.id) had secrets, which were erased at its end: run it again with them.")
    }

    static func signedForOnce(_ id: TaskID) -> Refusal {
        Refusal(
            .failedPrecondition, reason: "SIGNED_FOR_ONCE",
            message: "Task \(id) was signed for one run, so nobody can repeat it for its signer: "
                + "noizylab run --sign KEYFILE, with the same command.")
    }

    static func alreadyEnded(_ task: GridTask) -> Refusal {
        Refusal(
            .failedPrecondition, reason: "ALREADY_ENDED",
            message: "Task \(task.id) has already ended as \(task.state.rawValue); an end never changes.")
    }
}
