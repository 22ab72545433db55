import GridLogic
import GridModel

/// One connection of an agent. It keeps the order of what it carries, and loses what is under way when it breaks.
struct SimulatedSession {
    let number: Int
    let node: Int
    let instance: UInt64
    let life: Int
    var isBroken = false
    /// Whether what the agent had sent still arrives after the break, beside what a newer session carries.
    var isRestDelivered = false
    /// Nothing comes through before.
    var heldUntil: Int64 = 0
    var lastToAgent: Int64 = 0
    var lastToCoordinator: Int64 = 0
    var messageCount: UInt64 = 0

    var id: SessionID { SessionID(number: UInt64(number)) }
}

extension SimulatedGrid {
    func dial(_ node: Int, _ instance: UInt64) {
        guard agents[node].isUp, agents[node].instance == instance, agents[node].session == nil else { return }
        if agents[node].frozenUntil > now {
            schedule(.dial(node: node, instance: instance), at: agents[node].frozenUntil)
            return
        }
        guard coordinator.phase != .down, agents[node].unreachableUntil <= now else {
            schedule(.dial(node: node, instance: instance), after: 300_000)
            return
        }
        sessionCount += 1
        sessions[sessionCount] = SimulatedSession(
            number: sessionCount, node: node, instance: instance, life: coordinator.life)
        agents[node].session = sessionCount
        note("n\(node + 1) dials in as session \(sessionCount)")
        sendToCoordinator(
            .hello(agents[node].attempts.keys.sorted(), slept: agents[node].slept / 1_000), on: sessionCount)
        agents[node].slept = 0
        // A node that comes back says again what it has to say.
        let results = agents[node].attempts.compactMap { ref, attempt in
            attempt.end.map { AttemptReport.finished(ref, AttemptOutcome(end: $0)) }
        }
        if !results.isEmpty { sendToCoordinator(.reports(results.sorted { $0.ref < $1.ref }), on: sessionCount) }
        schedule(.heartbeat(session: sessionCount), after: 500_000)
    }

    func heartbeat(_ number: Int) {
        guard let session = sessions[number], agents[session.node].session == number else { return }
        if agents[session.node].frozenUntil > now {
            schedule(.heartbeat(session: number), at: agents[session.node].frozenUntil)
            return
        }
        sendToCoordinator(.heartbeat, on: number)
        schedule(.heartbeat(session: number), after: 500_000)
    }

    func sendToCoordinator(_ message: SimulatedGrid.AgentMessage, on number: Int) {
        guard var session = sessions[number], !session.isBroken else { return }
        session.messageCount += 1
        var chance = chance(UInt64(number) << 20, session.messageCount)
        let late = lateness(of: session.node, &chance)
        let at = max(session.lastToCoordinator, now + delay(&chance) + late, session.heldUntil)
        session.lastToCoordinator = at
        sessions[number] = session
        schedule(.toCoordinator(session: number, message), at: at)
        if case .reports = message, options.faults > 0, chance.below(30) == 0 {
            schedule(.toCoordinator(session: number, message), at: at)
        }
    }

    func sendToAgent(_ orders: [Order], on number: Int) {
        guard var session = sessions[number], !session.isBroken else { return }
        session.messageCount += 1
        var chance = chance(UInt64(number) << 20 | 1, session.messageCount)
        let late = lateness(of: session.node, &chance)
        let at = max(session.lastToAgent, now + delay(&chance) + late, session.heldUntil)
        session.lastToAgent = at
        sessions[number] = session
        schedule(.toAgent(session: number, orders), at: at)
    }

    /// A question overtakes nothing.
    func sendProbe(_ question: UInt64, on number: Int) {
        guard var session = sessions[number], !session.isBroken else { return }
        session.messageCount += 1
        var chance = chance(UInt64(number) << 20 | 4, session.messageCount)
        let late = lateness(of: session.node, &chance)
        let at = max(session.lastToAgent, now + delay(&chance) + late, session.heldUntil)
        session.lastToAgent = at
        sessions[number] = session
        schedule(.probe(session: number, question), at: at)
    }

    /// What is lost on the line is sent again, later each time: 200 ms, 400 ms and so on.
    private func lateness(of node: Int, _ chance: inout SplitMix64) -> Int64 {
        guard agents[node].lossyUntil > now else { return 0 }
        var late: Int64 = 0
        var pause: Int64 = 200_000
        while chance.below(100) < agents[node].lossShare, pause < 4_000_000 {
            late += pause
            pause *= 2
        }
        return late
    }

    /// Mostly 0.1 to 1 ms; with faults sometimes much more.
    private func delay(_ chance: inout SplitMix64) -> Int64 {
        if options.faults > 0, chance.below(40) == 0 { return Int64(chance.below(400_000)) }
        return 100 + Int64(chance.below(900))
    }

    func deliver(_ message: SimulatedGrid.AgentMessage, from number: Int) {
        guard let session = sessions[number], session.life == coordinator.life, coordinator.phase != .down else {
            return
        }
        guard !session.isBroken || session.isRestDelivered else { return }
        let wait = max(session.heldUntil, coordinator.earsUntil)
        if wait > now {
            schedule(.toCoordinator(session: number, message), at: wait)
            return
        }
        let name = Scenario.nodeName(session.node)
        switch message {
        case .hello(let attempts, let slept):
            let node = Node(
                name: name, address: "10.0.0.\(session.node + 1)", inventory: agents[session.node].inventory)
            post(
                .nodeConnected(
                    node, session.id, attempts: attempts, instance: session.instance, sleptMilliseconds: slept))
        case .heartbeat: post(.heartbeat(name, session.id, sample(of: session.node)))
        case .answer(let question): post(.heard(name, session.id, answering: question))
        case .vouch(let suspect): post(.vouched(Scenario.nodeName(suspect), by: name))
        case .reports(let reports): post(.reports(name, session.id, reports))
        }
    }

    private func sample(of node: Int) -> NodeSample {
        guard agents[node].isLiar else { return NodeSample() }
        var chance = chance(UInt64(node), UInt64(now))
        let numbers = [Double.nan, .infinity, -1, 1e300]
        return NodeSample(
            cpuPercent: numbers[chance.below(4)], memoryPercent: numbers[chance.below(4)],
            memoryAvailableBytes: -1, load1: numbers[chance.below(4)], runningAttempts: .max,
            sentAt: Timestamp(microseconds: chance.below(2) == 0 ? .min : .max), roundTripMicroseconds: .max)
    }

    /// Both sides notice in their own time. While the link is silent, the coordinator notices only after.
    func breakLink(_ number: Int) {
        guard var session = sessions[number], !session.isBroken else { return }
        var chance = chance(UInt64(number) << 20 | 2, 0)
        session.isBroken = true
        session.isRestDelivered = chance.below(2) == 0
        sessions[number] = session
        checker.figures.brokenLinks += 1
        note("session \(number) of n\(session.node + 1) breaks")
        schedule(.agentNotices(session: number), after: Int64(chance.below(100_000)))
        let at = max(now + Int64(chance.below(100_000)), session.heldUntil, coordinator.earsUntil)
        schedule(.coordinatorNotices(session: number), at: at)
    }

    func coordinatorNotices(_ number: Int) {
        guard let session = sessions[number], session.life == coordinator.life else { return }
        post(.nodeDisconnected(Scenario.nodeName(session.node), session.id, reason: "reset"))
    }

    func agentNotices(_ number: Int) {
        guard let session = sessions[number] else { return }
        breakLink(number)
        guard agents[session.node].session == number else { return }
        agents[session.node].session = nil
        let instance = agents[session.node].instance
        var chance = chance(UInt64(number) << 20 | 3, 0)
        schedule(
            .dial(node: session.node, instance: instance),
            after: 2_000 + Int64(chance.below(chance.below(4) == 0 ? 400_000 : 60_000)))
    }

    func hangUp(_ name: NodeName) {
        guard let node = agents.indices.first(where: { Scenario.nodeName($0) == name }) else { return }
        if let session = agents[node].session { breakLink(session) }
    }
}
