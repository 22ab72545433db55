import GridLogic
import GridModel

/// The rules about who is given up, and about nodes that flap, lie, fail what they get, or are drained.
extension InvariantChecker {
    /// What the checker keeps of a node beside its life.
    struct NodeHealing {
        var closedAt: Int64 = 0
        var connectedAt: Int64 = 0
        /// As `lastHeard`, with nothing forgiven.
        var heardAt: Int64 = 0
        /// Questions since it was last heard.
        var asked = 0
        var isQuarantined = false
        var quarantinedAt: Int64 = .min / 2
        /// Comebacks from being given up that were no sleep.
        var comebacks: [Int64] = []
        var hasSlept = false
        /// When the circuit of a type opened, as it was told.
        var circuits: [String: Int64] = [:]
        var drainBy: Int64?
        var everGivenUp = false
        /// What it was told to end since it is drained.
        var cancelled: Set<AttemptRef> = []
    }

    /// Failures of a type in a row on each node, and successes anywhere.
    struct TypeHealth {
        struct Row {
            var count = 0
            var successesBefore = 0
            var lastAt: Int64 = 0
        }

        var successes: [String: Int] = [:]
        var rows: [String: [NodeName: Row]] = [:]

        mutating func forget(_ name: NodeName) {
            for type in rows.keys { rows[type]?[name] = nil }
        }
    }

    /// Where the simulation's wall clock begins.
    static let wallStart: Int64 = 1_700_000_000_000_000

    private static let second: Int64 = 1_000_000

    // MARK: the coordinator's own absence

    /// A tick long after its deadline: what was not heard meanwhile is nobody's silence.
    mutating func noteAbsence(_ deadline: Int64?, after previous: Int64) {
        guard let deadline else { return }
        let late = now - max(deadline, previous)
        guard late > settings.hearingToleranceMilliseconds * 1_000 else { return }
        if late > Self.second { wokeAt = now }
        for (name, node) in nodes where node.session != nil {
            nodes[name]?.lastHeard = max(node.lastHeard, late > Self.second ? now : now - late)
        }
        if late > Self.second { settledAt = now + min(2 * late, settings.recoveryGraceMilliseconds * 1_000) }
    }

    /// As only the simulation knows; a clock that was set meanwhile may hide it from the machine.
    mutating func coordinatorSlept(_ span: Int64) {
        settledAt = max(settledAt, now + span)
        for (name, node) in nodes { nodes[name]?.healing.drainBy = node.healing.drainBy.map { $0 + span } }
    }

    /// A wall clock that jumped against the other: it was set, or the machine slept.
    mutating func noteClocks(_ moment: Moment) {
        let offset = moment.wall.microseconds - moment.monotonic.nanoseconds / 1_000
        defer { clockOffset = offset }
        noteSteadiness(offset)
        guard let clockOffset, abs(offset - clockOffset) > 800_000 else { return }
        wokeAt = now
        settledAt = max(settledAt, now + min(2 * abs(offset - clockOffset), settings.recoveryGraceMilliseconds * 1_000))
    }

    mutating func heard(_ name: NodeName) {
        nodes[name]?.lastHeard = now
        nodes[name]?.healing.heardAt = now
        nodes[name]?.healing.asked = 0
    }

    // MARK: giving up

    /// Nobody is given up in haste: not without silence, unanswered questions and time to come back, and not just
    /// after the coordinator was away itself.
    mutating func checkPatience(_ name: NodeName) {
        guard let node = nodes[name] else { return }
        nodes[name]?.healing.everGivenUp = true
        if now - wokeAt < Self.second, now - wokeAt >= 0 {
            fail("5 own absence", "\(name) is given up \(now - wokeAt) us after the coordinator was away")
        }
        if node.session != nil {
            let silence = now - node.healing.heardAt
            if silence < settings.offlineAfterMilliseconds * 1_000 {
                fail("5 patience", "\(name) is given up after \(silence) us of silence")
            }
            if node.healing.asked < settings.probeBurst {
                fail("5 patience", "\(name) is given up after \(node.healing.asked) questions")
            }
        } else if node.healing.closedAt > startedAt {
            if now - node.healing.closedAt < settings.reconnectGraceMilliseconds * 1_000 {
                fail("5 patience", "\(name) is given up \(now - node.healing.closedAt) us after its connection closed")
            }
        } else if now - startedAt < settings.recoveryGraceMilliseconds * 1_000 {
            fail("5 patience", "\(name) is given up \(now - startedAt) us after the coordinator's start")
        }
    }

    // MARK: coming back

    mutating func willConnect(_ node: Node, slept: Int64) {
        let sane = node.inventory.clamped
        if node.inventory.cores != 0, node.inventory != sane { liar = node.name }
        nodes[node.name]?.healing.hasSlept = slept > 0
        nodes[node.name]?.healing.asked = 0
        nodes[node.name]?.healing.connectedAt = now
    }

    mutating func cameBack(_ name: NodeName) {
        guard let node = nodes[name], node.liveness == .offline, node.healing.everGivenUp else { return }
        if !(isConnecting && node.healing.hasSlept) { nodes[name]?.healing.comebacks.append(now) }
    }

    mutating func observeHealing(_ fact: GridEvent.Fact) {
        switch fact {
        case .nodeQuarantined(let name, _, _):
            figures.quarantines += 1
            nodes[name]?.healing.isQuarantined = true
            forgetKeptRoom(on: name)
            nodes[name]?.healing.quarantinedAt = now
        case .nodeReleased(let name, _): nodes[name]?.healing.isQuarantined = false
        case .circuitOpened(let name, let type, let milliseconds, _):
            figures.circuitsOpened += 1
            nodes[name]?.healing.circuits[type] = now + milliseconds * 1_000
            forgetKeptRoom(on: name)
            types.rows[type]?[name] = nil
        case .circuitClosed(let name, let type):
            nodes[name]?.healing.circuits[type] = nil
            types.rows[type]?[name] = nil
        case .nodeMisreported(let name, _):
            figures.lies += 1
            if liar == name { liar = nil }
        default: break
        }
    }

    /// After everything that the input led to was observed.
    mutating func didApply(_ input: GridInput) {
        checkAtRisk()
        checkPreemptions()
        if let liar { fail("3 lies are told", "\(liar) said what cannot be, and nobody was told") }
        liar = nil
        if case .nodeConnected(let node, _, _, _, _) = input { checkFlapping(node.name) }
        if case .reports(let name, _, _) = input { checkSpoiled(name) }
    }

    /// A node that came back five times within a minute is quarantined, when there are others to work.
    private mutating func checkFlapping(_ name: NodeName) {
        guard let node = nodes[name] else { return }
        let lately = node.healing.comebacks.filter { now - $0 < 60 * Self.second }
        nodes[name]?.healing.comebacks = lately
        let others = nodes.filter { $0.key != name && $0.value.liveness == .online && $0.value.schedulability == .open }
        guard lately.count >= 5, lately.last == now, !others.isEmpty, node.liveness == .online,
            !nodes.values.contains(where: { $0.healing.isQuarantined })
        else { return }
        if now - node.healing.quarantinedAt > 60 * Self.second {
            fail("7 flapping", "\(name) came back \(lately.count) times within a minute and is given work")
        }
    }

    // MARK: types that fail

    mutating func noteOutcome(
        of task: GridTask, _ living: Living, _ end: AttemptOutcome.End, isReported: Bool, _ model: inout TaskModel
    ) {
        model.endedLost = end == .lost
        let isStarted = task.attempts.first { $0.epoch == living.epoch }?.startedAt != nil
        if end == .lost, isStarted { model.lostNodes.insert(living.node) }
        let type = task.spec.payload.type
        switch end {
        case .succeeded:
            types.successes[type, default: 0] += 1
            types.rows[type]?[living.node] = nil
        case .failed, .timedOut, .refused:
            var row = types.rows[type]?[living.node] ?? TypeHealth.Row()
            if row.count == 0 { row.successesBefore = types.successes[type] ?? 0 }
            row.count += 1
            row.lastAt = now
            types.rows[type, default: [:]][living.node] = row
        case .cancelled, .lost: break
        }
    }

    /// A node on which a type fails again and again, while it succeeds elsewhere, gets no more of it for a while.
    private mutating func checkSpoiled(_ name: NodeName) {
        for (type, rows) in types.rows {
            guard let row = rows[name], row.lastAt == now,
                row.count >= settings.circuitFailures + settings.circuitRefusals,
                (types.successes[type] ?? 0) > row.successesBefore, nodes[name]?.healing.circuits[type] == nil
            else { continue }
            let others = nodes.filter { other, node in
                other != name && node.session != nil && node.liveness == .online && node.schedulability == .open
                    && !node.healing.isQuarantined && node.healing.circuits[type] == nil
            }
            if !others.isEmpty { fail("7 circuits", "\(type) failed \(row.count) times in a row on \(name)") }
        }
    }

    /// Nothing is placed on a node that is quarantined, or whose circuit is open.
    mutating func checkHealthy(_ node: NodeModel, _ attempt: Attempt, _ name: String) {
        if node.healing.isQuarantined { fail("7 placement", "\(name) is on \(attempt.node), which is quarantined") }
    }

    mutating func checkCircuit(_ node: NodeName, _ type: String, _ name: String) {
        if let until = nodes[node]?.healing.circuits[type], now < until {
            fail("7 placement", "\(name) is on \(node), whose circuit for \(type) is open")
        }
    }

    // MARK: drains

    /// Nothing lives on a drained node long after its deadline, unless nobody is given up at the moment.
    mutating func checkDrains() {
        let patience =
            (settings.cancelGraceMilliseconds + settings.timeoutSlackMilliseconds + settings.patienceMilliseconds
                + 2 * settings.latenessMilliseconds) * 1_000
        for (name, node) in nodes where pausedAt == nil {
            guard let by = node.healing.drainBy, node.attempts > 0, now - by > patience,
                now - max(wokeAt, startedAt, resumedAt) > patience
            else { continue }
            fail("10 drains end", "\(name) still has \(node.attempts) attempts \(now - by) us after its deadline")
        }
        for (name, node) in nodes {
            guard let by = node.healing.drainBy, node.attempts > 0, node.session != nil, node.liveness == .online,
                now - max(by, wokeAt, startedAt, node.healing.connectedAt) > 3 * Self.second
            else { continue }
            for (number, task) in tasks where !task.isCancelRequested {
                guard let living = task.living, living.node == name else { continue }
                let ref = AttemptRef(task: TaskID(number: number), epoch: living.epoch)
                if !node.healing.cancelled.contains(ref) {
                    fail("10 drains end", "t\(number).\(living.epoch) was not told to end on \(name)")
                }
            }
        }
    }
}
