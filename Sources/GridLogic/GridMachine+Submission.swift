import GridModel

extension GridMachine {
    mutating func submit(
        _ spec: TaskSpec, key: String?, _ token: RequestToken, into effects: inout [GridEffect]
    ) {
        if let key, let slot = tasks.slot(forKey: key) {
            let task = tasks[slot].task
            if task.spec.asks(sameAs: spec) {
                effects.append(.accepted(token, task, isNew: false))
            } else {
                effects.append(.refused(token, .keyTaken(key, by: task.id)))
            }
            return
        }
        guard tasks.count < settings.maxLiveTasks else {
            effects.append(.refused(token, .tooManyTasks(settings.maxLiveTasks)))
            return
        }
        guard tasks.count(of: spec.submitter) < settings.maxLiveTasksPerClient else {
            effects.append(.refused(token, .tooManyTasks(of: spec.submitter, settings.maxLiveTasksPerClient)))
            return
        }
        let shape: Shape
        switch self.shape(of: spec) {
        case .success(let found): shape = found
        case .failure(let refusal):
            effects.append(.refused(token, refusal))
            return
        }
        let line = line(of: shape, priority: spec.priority)
        guard isPossible(line) else {
            effects.append(.refused(token, impossibleRefusal(shape)))
            return
        }

        fleet.learn(shape)
        let task = GridTask(id: makeID(spec.durability), spec: spec, key: key, submittedAt: now.wall)
        let slot = tasks.insert(LiveTask(task: task, phase: .waiting(line: line)))
        let isPlaced = placeOrWait(slot, line: line)
        if !isPlaced { armQueueTimeout(slot) }
        save(slot, into: &effects)
        let isDurable = tasks[slot].isDurable
        emit(
            .taskSubmitted(task.id, type: spec.payload.type, submitter: spec.submitter), about: isDurable,
            into: &effects)
        if isPlaced { emitAssigned(slot, into: &effects) }
        effects.append(.accepted(token, tasks[slot].task, isNew: true))
        if isPlaced { orderStart(slot, into: &effects) }
    }

    /// Ephemeral tasks, which the store never sees, are numbered in the upper half from a point that the seed of this
    /// start gives: after a crash the store could not tell which of their numbers were used.
    private mutating func makeID(_ durability: Durability) -> TaskID {
        switch durability {
        case .durable:
            defer { nextTaskNumber += 1 }
            return TaskID(number: nextTaskNumber)
        case .ephemeral:
            defer { ephemeralCount += 1 }
            let half = TaskID.firstEphemeralNumber
            return TaskID(number: half + (SplitMix64.mixed(settings.seed) &+ ephemeralCount) % half)
        }
    }

    /// Where preemption is wanted, tasks of different priority stand in different lines, so that the first of each is found.
    mutating func line(of shape: Shape, priority: Int) -> Int {
        queue.line(of: shape, priority: settings.preempts ? priority : 0)
    }

    mutating func line(of shape: Shape, for slot: Int) -> Int {
        line(of: shape, priority: tasks[slot].task.spec.priority)
    }

    /// What the task needs, when the one node it names is known and takes tasks.
    func shape(of spec: TaskSpec) -> Result<Shape, Refusal> {
        var shape = Shape(
            resources: spec.resources.clamped, constraint: spec.constraint, type: spec.payload.type,
            isSigned: !spec.envelope.isEmpty)
        guard let name = spec.node else { return .success(shape) }
        guard let index = nodeIndices[name] else { return .failure(.unknownNode(name, known: knownNames)) }
        if nodes[index].node.isExternal { return .failure(.externalNode(name)) }
        shape.pin = index
        return .success(shape)
    }

    /// Whether any known node could take the shape if it were idle. A node that has not yet said what it has might.
    mutating func isPossible(_ line: Int) -> Bool {
        if let known = queue.possibility(line), known.version == capacityVersion { return known.isPossible }
        let shape = queue.shape(line)
        let isPossible: Bool
        if let pin = shape.pin {
            isPossible = couldTake(shape, pin)
        } else {
            isPossible = nodeIndices.isEmpty || nodeIndices.values.contains { couldTake(shape, $0) }
        }
        queue.setPossibility(line, TaskQueue.Possibility(version: capacityVersion, isPossible: isPossible))
        return isPossible
    }

    func couldTake(_ shape: Shape, _ node: Int) -> Bool {
        guard !nodes[node].node.isExternal else { return false }
        return !nodes[node].isMeasured || fleet.couldFit(shape, on: node)
    }

    var knownNames: [NodeName] { nodeIndices.keys.sorted() }

    /// What it would meet at once, without a place in the queue.
    func refusal(of shape: Shape) -> Refusal? {
        let isPossible =
            shape.pin.map { couldTake(shape, $0) }
            ?? (nodeIndices.isEmpty || nodeIndices.values.contains { couldTake(shape, $0) })
        return isPossible ? nil : impossibleRefusal(shape)
    }

    private func impossibleRefusal(_ shape: Shape) -> Refusal {
        let candidates =
            shape.pin.map { [nodes[$0].node] } ?? knownNames.compactMap { nodeIndices[$0] }.map { nodes[$0].node }
        return .impossible(shape, candidates: candidates.filter { !$0.isExternal })
    }

    /// Tasks that wait to be placed the first time end at their queue time-out.
    mutating func armQueueTimeout(_ slot: Int) {
        let task = tasks[slot].task
        guard task.spec.queueTimeoutMilliseconds > 0, task.attempts.isEmpty else { return }
        let waited = max(0, now.wall.milliseconds.subtractingSaturated(task.submittedAt.milliseconds))
        let left = max(0, task.spec.queueTimeoutMilliseconds - waited)
        arm(slot, at: now.monotonic.advanced(byMilliseconds: left))
    }
}

extension TaskID {
    /// Durable tasks have smaller numbers, ephemeral ones these.
    package static let firstEphemeralNumber: UInt64 = 1 << 39
}

extension Int64 {
    func subtractingSaturated(_ other: Int64) -> Int64 {
        let (difference, overflow) = subtractingReportingOverflow(other)
        return overflow ? (self < other ? .min : .max) : difference
    }
}
