package import GridModel

extension Noizylab_Grid_TaskInfo {
    package init(_ task: GridTask) {
        self.init()
        id = task.id.description
        key = task.key ?? ""
        spec = Noizylab_Grid_TaskSpec(task.spec)
        state = task.state.rawValue
        submittedAtUs = task.submittedAt.microseconds
        attempts = task.attempts.map(Noizylab_Grid_AttemptInfo.init)
        notBeforeUs = task.notBefore?.microseconds ?? 0
        cancelRequested = task.cancelRequested
        finishedAtUs = task.finishedAt?.microseconds ?? 0
        reason = task.reason
    }

    package func model() throws(WireError) -> GridTask {
        guard let id = TaskID(self.id) else { throw WireError(field: "id", "is not a task id") }
        guard let state = TaskState(rawValue: state) else { throw WireError(field: "state", "is not a task state") }
        var attempts: [Attempt] = []
        attempts.reserveCapacity(self.attempts.count)
        let spec = try spec.model()
        for attempt in self.attempts { attempts.append(try attempt.model(request: spec.resources)) }
        return GridTask(
            id: id, spec: spec, key: key.isEmpty ? nil : key,
            submittedAt: Timestamp(microseconds: submittedAtUs), state: state, attempts: attempts,
            notBefore: timestamp(notBeforeUs), cancelRequested: cancelRequested,
            finishedAt: timestamp(finishedAtUs), reason: reason)
    }
}

extension Noizylab_Grid_AttemptInfo {
    package init(_ attempt: Attempt) {
        self.init()
        epoch = attempt.epoch
        node = attempt.node.text
        gpuIndices = attempt.reservation.gpuIndices.map { UInt32(clamping: $0) }
        assignedAtUs = attempt.assignedAt.microseconds
        startedAtUs = attempt.startedAt?.microseconds ?? 0
        finishedAtUs = attempt.finishedAt?.microseconds ?? 0
        if let ended = attempt.outcome { outcome = Noizylab_Grid_AttemptOutcome(ended) }
        if let preemption = attempt.preemption {
            preemptedBy = preemption.by.description
            preemptorPriority = Int32(clamping: preemption.priority)
        }
    }

    /// `request`: what the task reserves; the same for every attempt, so kept once, in its specification.
    package func model(request: ResourceRequest) throws(WireError) -> Attempt {
        guard let name = NodeName(node) else { throw WireError(field: "attempts.node", "is not a node name") }
        var preemption: Preemption?
        if !preemptedBy.isEmpty {
            guard let by = TaskID(preemptedBy) else {
                throw WireError(field: "attempts.preempted_by", "is not a task id")
            }
            preemption = Preemption(by: by, priority: Int(preemptorPriority))
        }
        return Attempt(
            epoch: epoch, node: name,
            reservation: Reservation(request: request, gpuIndices: gpuIndices.map(Int.init)),
            assignedAt: Timestamp(microseconds: assignedAtUs), startedAt: timestamp(startedAtUs),
            finishedAt: timestamp(finishedAtUs), outcome: hasOutcome ? try outcome.model() : nil,
            preemption: preemption)
    }
}

extension Noizylab_Grid_AttemptOutcome {
    package init(_ outcome: AttemptOutcome) {
        self.init()
        end = outcome.end.rawValue
        if let code = outcome.exitCode { exitCode = code }
        if let number = outcome.signal { signal = number }
        error = outcome.error
        userUs = outcome.usage.userMicroseconds
        systemUs = outcome.usage.systemMicroseconds
        maxResidentBytes = outcome.usage.maxResidentBytes
        if let inline = outcome.inlineOutput {
            hasInlineOutput_p = true
            stdout = .init(inline.stdout)
            stderr = .init(inline.stderr)
        }
        runUs = outcome.runMicroseconds
        if !outcome.attestation.isEmpty { attestation = .init(outcome.attestation) }
    }

    package func model() throws(WireError) -> AttemptOutcome {
        guard let end = AttemptOutcome.End(rawValue: end) else {
            throw WireError(field: "outcome.end", "is not an attempt's end")
        }
        return AttemptOutcome(
            end: end, exitCode: hasExitCode ? exitCode : nil, signal: hasSignal ? signal : nil, error: error,
            usage: Usage(
                userMicroseconds: userUs, systemMicroseconds: systemUs, maxResidentBytes: maxResidentBytes),
            inlineOutput: hasInlineOutput_p ? InlineOutput(stdout: [UInt8](stdout), stderr: [UInt8](stderr)) : nil,
            runMicroseconds: runUs, attestation: [UInt8](attestation))
    }
}

/// 0 on the wire stands for "not yet".
private func timestamp(_ microseconds: Int64) -> Timestamp? {
    microseconds == 0 ? nil : Timestamp(microseconds: microseconds)
}
