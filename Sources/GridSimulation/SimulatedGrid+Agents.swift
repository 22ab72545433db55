import GridLogic
import GridModel

/// A node's agent: what it runs dies with it, the results of durable attempts in its spool do not.
struct SimulatedAgent {
    struct RunningAttempt {
        let isDurable: Bool
        var hasStarted = false
        var isEnding = false
        /// How it ended; kept until the coordinator says forget.
        var end: AttemptOutcome.End?
    }

    let index: Int
    var inventory: NodeInventory
    var isUp = false
    var instance: UInt64 = 0
    var session: Int?
    var frozenUntil: Int64 = 0
    var unreachableUntil: Int64 = 0
    var lossyUntil: Int64 = 0
    /// Percent of its messages that come late while it is lossy.
    var lossShare = 0
    var spoiledUntil: Int64 = 0
    /// Of its machine, not yet told: microseconds.
    var slept: Int64 = 0
    /// What it says instead of the truth about how it is.
    var isLiar = false
    var attempts: [AttemptRef: RunningAttempt] = [:]

    init(index: Int, inventory: NodeInventory) {
        self.index = index
        self.inventory = inventory
    }
}

extension SimulatedGrid {
    func bootAgent(_ node: Int, at time: Int64) {
        guard !agents[node].isUp else { return }
        agents[node].isUp = true
        agents[node].instance += 1
        note("agent n\(node + 1) is up")
        schedule(.dial(node: node, instance: agents[node].instance), at: time)
    }

    func crashAgent(_ node: Int, downFor span: Int64) {
        guard agents[node].isUp else { return }
        checker.figures.agentCrashes += 1
        note("agent n\(node + 1) crashes")
        agents[node].isUp = false
        agents[node].attempts = agents[node].attempts.filter { $0.value.isDurable && $0.value.end != nil }
        agents[node].frozenUntil = 0
        if let session = agents[node].session { breakLink(session) }
        agents[node].session = nil
        schedule(.agentUp(node: node), after: max(1_000, span))
    }

    func deliver(_ orders: [Order], on number: Int) {
        guard let session = sessions[number], !session.isBroken, agents[session.node].session == number else { return }
        let node = session.node
        let wait = max(agents[node].frozenUntil, session.heldUntil)
        guard wait <= now else {
            schedule(.toAgent(session: number, orders), at: wait)
            return
        }
        for order in orders {
            switch order {
            case .start(let start): begin(start, on: node)
            case .cancel(let ref, _): end(ref, on: node, .cancelled)
            case .forget(let ref): agents[node].attempts[ref] = nil
            }
        }
    }

    /// An attempt that is known is not begun again: what was said of it last is said again.
    private func begin(_ start: AttemptStart, on node: Int) {
        let ref = start.ref
        if let known = agents[node].attempts[ref] {
            if let end = known.end {
                report(.finished(ref, AttemptOutcome(end: end)), from: node)
            } else if known.hasStarted {
                report(.started(ref), from: node)
            }
            return
        }
        if start.spec.metadata[Scenario.poisonMark] != nil, !isCalm { poison.insert(ref.task) }
        if !begun.insert(ref).inserted, options.isSmall {
            checker.fail("2 once", "t\(ref.task.number).\(ref.epoch) begins a second time, on n\(node + 1)")
        }
        agents[node].attempts[ref] = SimulatedAgent.RunningAttempt(isDurable: start.spec.durability == .durable)
        let instance = agents[node].instance
        var chance = chance(ref.task.number, UInt64(ref.epoch) << 32)
        let isSlow = options.faults > 0 && chance.below(8) == 0
        let startsIn = 100 + Int64(chance.below(isSlow ? 3_000_000 : 5_000))
        let longest = options.isSmall ? 4_000_000 : 200_000
        var duration = startsIn + Int64(chance.below(longest))
        var end: AttemptOutcome.End
        switch chance.below(options.faults > 0 ? 40 : 20) {
        case 0, 1, 2, 3: end = .failed
        case 4: end = .refused
        case 5 where start.spec.timeoutMilliseconds > 0:
            // Hangs.
            end = .succeeded
            duration = .max / 4
        case 6 where options.faults > 0: end = .lost
        case 7 where options.faults > 0: end = .cancelled
        default: end = .succeeded
        }
        if agents[node].spoiledUntil > now { end = chance.below(3) == 0 ? .refused : .failed }
        let timeout = start.spec.timeoutMilliseconds * 1_000
        if timeout > 0, duration - startsIn > timeout {
            duration = startsIn + timeout
            end = .timedOut
        }
        if end != .refused { schedule(.attemptStarted(node: node, instance: instance, ref), after: startsIn) }
        schedule(.attemptEnded(node: node, instance: instance, ref, end), after: end == .refused ? startsIn : duration)
    }

    func attemptStarted(_ node: Int, _ instance: UInt64, _ ref: AttemptRef) {
        guard agents[node].instance == instance, agents[node].attempts[ref]?.end == nil,
            agents[node].attempts[ref] != nil
        else { return }
        guard agents[node].frozenUntil <= now else {
            schedule(.attemptStarted(node: node, instance: instance, ref), at: agents[node].frozenUntil)
            return
        }
        agents[node].attempts[ref]?.hasStarted = true
        report(.started(ref), from: node)
        if poison.contains(ref.task) { schedule(.poisoned(node: node, instance: instance), after: 50_000) }
    }

    private func end(_ ref: AttemptRef, on node: Int, _ end: AttemptOutcome.End) {
        guard let attempt = agents[node].attempts[ref], !attempt.isEnding else { return }
        agents[node].attempts[ref]?.isEnding = true
        var chance = chance(ref.task.number, UInt64(ref.epoch) << 32 | 1)
        let span = Int64(chance.below(200_000))
        schedule(.attemptEnded(node: node, instance: agents[node].instance, ref, end), after: span)
    }

    func attemptEnded(_ node: Int, _ instance: UInt64, _ ref: AttemptRef, _ end: AttemptOutcome.End) {
        guard agents[node].instance == instance, let attempt = agents[node].attempts[ref], attempt.end == nil else {
            return
        }
        guard agents[node].frozenUntil <= now else {
            schedule(.attemptEnded(node: node, instance: instance, ref, end), at: agents[node].frozenUntil)
            return
        }
        agents[node].attempts[ref]?.end = end
        report(.finished(ref, AttemptOutcome(end: end)), from: node)
    }

    /// Takes a while to come back, so that its node is surely given up.
    func poisoned(_ node: Int, _ instance: UInt64) {
        guard agents[node].instance == instance, !isCalm else { return }
        crashAgent(node, downFor: 1_500_000)
    }

    /// A question of the coordinator: answered by a thread that the work does not hold up.
    func probe(_ number: Int, _ question: UInt64) {
        guard let session = sessions[number], !session.isBroken, agents[session.node].session == number else { return }
        let wait = max(agents[session.node].frozenUntil, session.heldUntil)
        guard wait <= now else {
            schedule(.probe(session: number, question), at: wait)
            return
        }
        sendToCoordinator(.answer(question), on: number)
    }

    /// A helper was asked whether it reaches `suspect`. It does when both run and their way is open: half of the nodes
    /// that the coordinator does not hear are in such a place.
    func lookFor(_ suspect: Int, from number: Int) {
        guard let session = sessions[number], !session.isBroken, agents[session.node].frozenUntil <= now else { return }
        let (helper, other) = (session.node, agents[suspect])
        guard helper != suspect, other.isUp, other.frozenUntil <= now, (other.instance &+ UInt64(suspect)) % 2 == 0
        else {
            return
        }
        sendToCoordinator(.vouch(suspect), on: number)
    }

    private func report(_ report: AttemptReport, from node: Int) {
        guard let session = agents[node].session else { return }
        sendToCoordinator(.reports([report]), on: session)
    }
}
