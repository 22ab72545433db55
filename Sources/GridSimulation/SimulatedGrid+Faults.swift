import GridLogic
import GridModel

/// What goes wrong, and how it ends.
extension SimulatedGrid {
    func perform(_ kind: Scenario.Kind) {
        if isRecording { note("* \(kind)") }
        switch kind {
        case .submit(let submission): submit(submission)
        case .cancel(let number):
            guard let id = clients.submissions[number]?.id else { return }
            post(.cancel(id, by: "c", makeToken()))
        case .crashCoordinator(let point, let span):
            coordinator.downFor = span
            switch point {
            case .beforeCommit: crashCoordinator()
            case .afterCommit: coordinator.crashAtCommit = true
            case .amidRelease(let count): coordinator.crashAfterReleasing = count
            }
        case .freezeCoordinator(let span): coordinator.frozenUntil = max(coordinator.frozenUntil, now + span)
        case .slowDisk(let latency, let span):
            coordinator.diskLatency = latency
            coordinator.slowUntil = now + span
        case .stepWallClock(let change): wallShift += change
        case .crashAgent(let node, let span): crashAgent(node, downFor: span)
        case .freezeAgent(let node, let span):
            if agents[node].isUp { agents[node].frozenUntil = max(agents[node].frozenUntil, now + span) }
        case .breakLink(let node, let span):
            agents[node].unreachableUntil = max(agents[node].unreachableUntil, now + span)
            if let session = agents[node].session { breakLink(session) }
        case .silence(let nodes, let span): for node in nodes { silence(node, for: span) }
        case .setSchedulability(let node, let schedulability):
            post(.setSchedulability(Scenario.nodeName(node), schedulability, by: "o", makeToken()))
        case .removeNode(let node): post(.removeNode(Scenario.nodeName(node), by: "o", makeToken()))
        case .changeInventory(let node, let inventory):
            agents[node].inventory = inventory
            if let session = agents[node].session { breakLink(session) }
        default: performMore(kind)
        }
    }

    private func performMore(_ kind: Scenario.Kind) {
        switch kind {
        case .loseMessages(let node, let share, let span):
            agents[node].lossyUntil = max(agents[node].lossyUntil, now + span)
            agents[node].lossShare = share
        case .flap(let node, let times, let every): flap(node, times: times, every: every)
        case .sleepAgent(let node, let span):
            agents[node].frozenUntil = max(agents[node].frozenUntil, now + span)
            schedule(.wakeAgent(node: node, slept: span), at: now + span)
        case .sleepCoordinator(let span):
            // A machine that sleeps already sleeps no deeper.
            guard coordinator.frozenUntil <= now else { return }
            coordinator.frozenUntil = now + span
            coordinator.earsUntil = max(coordinator.earsUntil, now + span)
            coordinator.asleepUntil = now + span
            monotonicShift += span
            checker.coordinatorSlept(span)
        case .stallEars(let span):
            if coordinator.earsUntil <= now { coordinator.earsSince = now }
            coordinator.earsUntil = max(coordinator.earsUntil, now + span)
        case .lie(let node, let inventory):
            agents[node].inventory = inventory
            agents[node].isLiar = true
            if let session = agents[node].session { breakLink(session) }
        case .spoil(let node, let span): agents[node].spoiledUntil = max(agents[node].spoiledUntil, now + span)
        case .drain(let node, let span):
            let deadline = span / 1_000
            post(.drain(Scenario.nodeName(node), deadlineMilliseconds: deadline, by: "o", makeToken()))
        case .release(let node): post(.releaseNode(Scenario.nodeName(node), by: "o", makeToken()))
        default: preconditionFailure("\(kind) is done elsewhere")
        }
    }

    /// Long enough away each time to be given up, and back at once.
    func flap(_ node: Int, times: Int, every: Int64) {
        guard times > 0, !isCalm else { return }
        agents[node].unreachableUntil = max(agents[node].unreachableUntil, now + every / 2)
        if let session = agents[node].session { breakLink(session) }
        schedule(.flap(node: node, times: times - 1, every: every), after: every)
    }

    /// Its connection is long dead to the other side.
    func wakeAgent(_ node: Int, slept: Int64) {
        guard agents[node].isUp else { return }
        agents[node].slept += slept
        if let session = agents[node].session { breakLink(session) }
    }

    /// Nothing comes through either way. The agent gives up the connection after 6 s and dials again when it can.
    private func silence(_ node: Int, for span: Int64) {
        agents[node].unreachableUntil = max(agents[node].unreachableUntil, now + span)
        guard let number = agents[node].session else { return }
        sessions[number]?.heldUntil = now + span
        if span > 6 * Scenario.second { schedule(.agentNotices(session: number), after: 6 * Scenario.second) }
    }

    func crashCoordinator() {
        guard coordinator.phase != .down else { return }
        checker.figures.coordinatorCrashes += 1
        note("* the coordinator dies, \(coordinator.batch.tasks.count) records uncommitted")
        coordinator.phase = .down
        coordinator.mailbox = []
        coordinator.effects = []
        coordinator.batch = SimulatedStore.Batch()
        coordinator.askers = [:]
        coordinator.crashAtCommit = false
        coordinator.crashAfterReleasing = nil
        coordinator.isTurnDue = false
        coordinator.tickAt = .max
        endCoordinatorSleep()
        coordinator.frozenUntil = 0
        coordinator.earsUntil = 0
        forgetUnanswered()
        for number in sessions.keys.sorted() where sessions[number]?.life == coordinator.life { breakLink(number) }
        schedule(.coordinatorUp, after: max(1_000, coordinator.downFor))
    }

    /// Its clock stood still only until now, if it slept.
    private func endCoordinatorSleep() {
        monotonicShift -= max(0, coordinator.asleepUntil - now)
        coordinator.asleepUntil = 0
    }

    func startCoordinator() {
        coordinator.life += 1
        coordinator.phase = .idle
        var settings = options.settings
        settings.seed = SplitMix64.mixed(options.seed &+ UInt64(coordinator.life))
        coordinator.mutant = Mutant(settings: settings, mutation: options.mutation)
        coordinator.mutant.recover(coordinator.store, at: moment)
        checker.recovered(from: coordinator.store, at: now)
        sessions = sessions.filter { !$0.value.isBroken || agents[$0.value.node].session == $0.key }
        note("* the coordinator is up again with \(coordinator.mutant.machine.liveTaskCount) tasks")
        schedule(.tick(life: coordinator.life), at: now)
    }

    /// From here on nothing fails, every node is open and large enough for anything.
    func calmDown() {
        isCalm = true
        note("* all is calm")
        wallShift = 0
        endCoordinatorSleep()
        coordinator.frozenUntil = min(coordinator.frozenUntil, now)
        coordinator.earsUntil = min(coordinator.earsUntil, now)
        coordinator.slowUntil = 0
        coordinator.crashAtCommit = false
        coordinator.crashAfterReleasing = nil
        poison = []
        for node in agents.indices {
            agents[node].lossyUntil = 0
            agents[node].spoiledUntil = 0
            agents[node].isLiar = false
            agents[node].inventory = NodeInventory(
                os: "linux", cores: 64, memoryBytes: 1 << 40,
                gpus: (0..<4).map { GPU(index: $0, model: "g", memoryBytes: 16 << 30) })
            if let session = agents[node].session, options.faults > 0 { breakLink(session) }
        }
        schedule(.checkEnd, after: 20 * Scenario.second)
        if options.faults > 0 { openAll() }
    }

    private func openAll() {
        guard coordinator.phase != .down else {
            schedule(.calm, after: 5 * Scenario.second)
            return
        }
        for node in agents.indices {
            post(.setSchedulability(Scenario.nodeName(node), .open, by: "o", makeToken()))
            post(.releaseNode(Scenario.nodeName(node), by: "o", makeToken()))
        }
    }
}
