import GridLogic
import GridModel

/// The loop around the machine: a mailbox, batches, commits, and only then what is to be told.
struct SimulatedCoordinator {
    enum Phase { case down, idle, committing }

    enum Letter {
        case input(GridInput)
        /// By its number: the door looks among the finished tasks when the loop takes it, not before.
        case submission(Int)
    }

    var phase = Phase.idle
    var life = 1
    var mutant: Mutant
    var store = SimulatedStore()
    var mailbox: [Letter] = []
    var effects: [GridEffect] = []
    var batch = SimulatedStore.Batch()
    var tokenCount: UInt64 = 0
    var askers: [RequestToken: Int] = [:]
    var frozenUntil: Int64 = 0
    var asleepUntil: Int64 = 0
    /// Nothing is taken from the links between these two.
    var earsSince: Int64 = 0
    var earsUntil: Int64 = 0
    var diskLatency: Int64 = 0
    var slowUntil: Int64 = 0
    var isTurnDue = false
    var tickAt = Int64.max
    var crashAfterReleasing: Int?
    var crashAtCommit = false
    var downFor: Int64 = 0

    init(_ options: SimulationOptions) {
        mutant = Mutant(settings: options.settings, mutation: options.mutation)
    }
}

extension SimulatedGrid {
    func post(_ letter: SimulatedCoordinator.Letter) {
        guard coordinator.phase != .down else { return }
        coordinator.mailbox.append(letter)
        scheduleTurn(after: 10)
    }

    func post(_ input: GridInput) { post(.input(input)) }

    func makeToken() -> RequestToken {
        coordinator.tokenCount += 1
        return RequestToken(number: coordinator.tokenCount)
    }

    private func scheduleTurn(after span: Int64) {
        guard coordinator.phase == .idle, !coordinator.isTurnDue else { return }
        coordinator.isTurnDue = true
        schedule(.loopTurn(life: coordinator.life), at: max(now + span, coordinator.frozenUntil))
    }

    func tick(_ life: Int) {
        guard life == coordinator.life, coordinator.phase != .down else { return }
        if coordinator.tickAt <= now { coordinator.tickAt = .max }
        scheduleTurn(after: 0)
    }

    /// Takes all that has come as one batch.
    func turnLoop(_ life: Int) {
        guard life == coordinator.life, coordinator.phase == .idle else { return }
        guard coordinator.frozenUntil <= now else {
            schedule(.loopTurn(life: life), at: coordinator.frozenUntil)
            return
        }
        coordinator.isTurnDue = false
        let letters = coordinator.mailbox
        coordinator.mailbox.removeAll(keepingCapacity: true)
        for letter in letters {
            switch letter {
            case .input(let input): step(input)
            case .submission(let number): openDoor(number)
            }
        }
        if let due = coordinator.mutant.nextDeadline, due <= moment.monotonic {
            if coordinator.earsUntil > now {
                let since = MonotonicTime(nanoseconds: (coordinator.earsSince - monotonicShift) * 1_000)
                step(.notListening(since: since))
            }
            step(.tick)
        }
        if options.mutation == .tellBeforeCommit { release() }
        if coordinator.batch.isEmpty {
            release()
            scheduleTick()
        } else {
            coordinator.phase = .committing
            let latency = coordinator.slowUntil > now ? coordinator.diskLatency : 300
            schedule(.commitDone(life: coordinator.life), after: latency)
        }
    }

    /// The key may name a task that has ended, even in this batch: then there is nothing to submit.
    private func openDoor(_ number: Int) {
        guard let submission = clients.submissions[number]?.submission else { return }
        if let key = submission.key,
            let id = coordinator.batch.finishedKeys[key] ?? coordinator.store.finishedKeys[key]
        {
            if let state = coordinator.store.finished[id.number] { tellFinished(number, id, state) }
            return
        }
        let token = makeToken()
        coordinator.askers[token] = number
        step(.submit(submission.spec, key: submission.key, token))
    }

    /// One input through the machine, and every check.
    func step(_ input: GridInput) {
        guard checker.violation == nil else { return }
        let deadline = coordinator.mutant.machine.nextDeadline.map { $0.nanoseconds / 1_000 + monotonicShift }
        checker.willApply(input, at: now, moment, deadline: deadline)
        coordinator.mutant.apply(input, at: moment, into: &stepEffects)
        if isRecording { noteStep(input) }
        for effect in stepEffects {
            if isRecording { note("    \(effect)") }
            checker.observe(effect)
            gather(effect)
        }
        coordinator.effects += stepEffects
        stepEffects.removeAll(keepingCapacity: true)
        checker.didApply(input)
        if options.isSmall || checker.figures.steps % 100_000 == 0 {
            checker.checkAll(coordinator.mutant.machine, at: moment, isWorkChecked: options.isSmall)
        }
    }

    /// What changed nothing and is as usual is left out of the history.
    private func noteStep(_ input: GridInput) {
        switch input {
        case .heartbeat, .tick: if stepEffects.isEmpty { return }
        default: break
        }
        note("> \(input)")
    }

    private func gather(_ effect: GridEffect) {
        switch effect {
        case .saveTask(let task):
            coordinator.batch.tasks.append(task)
            if task.state.isTerminal, let key = task.key { coordinator.batch.finishedKeys[key] = task.id }
        case .saveNode(let node): coordinator.batch.nodes.append((node.name, node))
        case .deleteNode(let name): coordinator.batch.nodes.append((name, nil))
        case .emit(let event): coordinator.batch.lastEvent = event.number
        default: break
        }
    }

    func finishCommit(_ life: Int) {
        guard life == coordinator.life, coordinator.phase == .committing else { return }
        guard coordinator.frozenUntil <= now else {
            schedule(.commitDone(life: life), at: coordinator.frozenUntil)
            return
        }
        coordinator.store.commit(coordinator.batch)
        coordinator.batch = SimulatedStore.Batch()
        coordinator.phase = .idle
        if coordinator.crashAtCommit {
            crashCoordinator()
            return
        }
        release()
        guard coordinator.phase == .idle else { return }
        if !coordinator.mailbox.isEmpty { scheduleTurn(after: 0) }
        scheduleTick()
    }

    private func scheduleTick() {
        guard let due = coordinator.mutant.nextDeadline, due < .distantFuture else { return }
        let at = max(now, (due.nanoseconds + 999) / 1_000 + monotonicShift)
        guard at < coordinator.tickAt else { return }
        coordinator.tickAt = at
        schedule(.tick(life: coordinator.life), at: at)
    }

    /// Tells everyone what was decided, now that it is kept.
    private func release() {
        var orders: [Int: [Order]] = [:]
        let effects = coordinator.effects
        coordinator.effects.removeAll(keepingCapacity: true)
        for (index, effect) in effects.enumerated() {
            if let last = coordinator.crashAfterReleasing, index >= last {
                sendOrders(orders)
                crashCoordinator()
                return
            }
            tell(effect, &orders)
        }
        sendOrders(orders)
        if coordinator.crashAfterReleasing != nil, !effects.isEmpty { crashCoordinator() }
    }

    private func sendOrders(_ orders: [Int: [Order]]) {
        for (session, orders) in orders.sorted(by: { $0.key < $1.key }) { sendToAgent(orders, on: session) }
    }

    private func tell(_ effect: GridEffect, _ orders: inout [Int: [Order]]) {
        switch effect {
        case .accepted(let token, let task, let isNew):
            checkKept(task, "is accepted")
            if let number = coordinator.askers.removeValue(forKey: token) { tellAccepted(number, task, isNew: isNew) }
        case .refused(let token, let refusal):
            if let number = coordinator.askers.removeValue(forKey: token) { tellRefused(number, refusal) }
        case .answered(_, .task(let task)):
            checkKept(task, "is answered for")
            if task.cancelRequested, task.spec.durability == .durable,
                let kept = coordinator.store.living[task.id.number], !kept.cancelRequested
            {
                checker.fail("1 kept before told", "the cancel of t\(task.id.number) is not kept")
            }
        case .taskSettled(let task):
            if task.spec.durability == .durable, coordinator.store.finished[task.id.number] != task.state {
                checker.fail("1 kept before told", "t\(task.id.number) is told \(task.state) and not kept so")
            }
            tellSettled(task)
        case .order(_, let session, let order):
            if case .start(let start) = order { checkStartKept(start) }
            orders[Int(session.number), default: []].append(order)
        case .deleteNode(let name): hangUp(name)
        case .probe(_, let session, let number): sendProbe(number, on: Int(session.number))
        case .askOthers(let name, let helpers):
            guard let suspect = agents.indices.first(where: { Scenario.nodeName($0) == name }) else { return }
            for helper in helpers { schedule(.lookFor(suspect: suspect, session: Int(helper.number)), after: 2_000) }
        case .saveTask, .saveNode, .emit, .answered, .taskChanged, .progress: break
        }
    }

    private func checkKept(_ task: GridTask, _ words: String) {
        guard task.spec.durability == .durable else { return }
        let number = task.id.number
        if coordinator.store.living[number] == nil, coordinator.store.finished[number] == nil {
            checker.fail("1 kept before told", "t\(number) \(words) and is not kept")
        }
    }

    private func checkStartKept(_ start: AttemptStart) {
        guard start.spec.durability == .durable else { return }
        let number = start.ref.task.number
        let epoch = coordinator.store.living[number]?.epoch ?? 0
        if coordinator.store.finished[number] == nil, epoch < start.ref.epoch {
            checker.fail("1 kept before told", "t\(number).\(start.ref.epoch) is started and not kept")
        }
    }
}
