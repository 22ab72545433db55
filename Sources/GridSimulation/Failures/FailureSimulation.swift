import GridLogic
import GridModel

/// Months of heartbeats, losses, pauses and deaths in seconds, judged by the objects that the grid machine asks
/// (`NodeWatch`, `Hearing`, `FailoverBrake`) and by nothing else.
///
/// Messages are single and may be lost, as over datagrams; a real link resends, which turns a loss into a delay.
package struct FailureSimulation {
    private let options: FailureOptions
    private let rule: LivenessRule
    private let end: Int64
    private var hearing: Hearing
    private var brake: FailoverBrake
    private var nodes: [FailingNode] = []
    private var chance: SplitMix64
    private var coordinatorPause: Span
    private var brakeUntil = Int64.max
    private var report = FailureReport()

    package static func run(_ options: FailureOptions) -> FailureReport {
        var simulation = FailureSimulation(options)
        return simulation.run()
    }

    private init(_ options: FailureOptions) {
        self.options = options
        rule = LivenessRule(options.settings)
        hearing = Hearing(options.settings)
        brake = FailoverBrake(windowMilliseconds: options.settings.lossWindowMilliseconds)
        chance = SplitMix64(seed: SplitMix64.mixed(options.seed))
        end = Int64(options.months * 30 * 86_400_000_000)
        coordinatorPause = Span(
            perHour: options.coordinatorPausesPerDay / 24, milliseconds: options.coordinatorPauseMilliseconds, &chance)
        for index in 0..<options.nodes {
            let seed = SplitMix64.mixed(options.seed &+ UInt64(index) << 32)
            nodes.append(FailingNode(options, seed: seed, at: Int64(index) * 13_000))
        }
        brake.heard = options.nodes
    }

    private mutating func run() -> FailureReport {
        report.nodeMonths = options.months * Double(options.nodes)
        for index in nodes.indices { nodes[index].watch.heard(at: MonotonicTime(nanoseconds: 0), rule) }
        while let (index, due) = next(), due < end {
            // Whatever falls into a pause of the coordinator is handled at its end.
            let now = coordinatorPause.delayed(due, &chance)
            let isLook = nodes[index].look <= nodes[index].arrival
            let moment = Moment(
                monotonic: MonotonicTime(nanoseconds: now * 1_000), wall: Timestamp(microseconds: now))
            hearing.awake(at: moment, due: MonotonicTime(nanoseconds: due * 1_000))
            if brakeUntil <= now { reviewBrake(now) }
            if isLook, nodes.contains(where: { $0.arrival <= now && now > due }) {
                // What waits in the mailbox goes first.
                for other in nodes.indices where nodes[other].arrival <= now { hear(other, now) }
            }
            if isLook { judge(index, now) } else { hear(index, now) }
        }
        return report
    }

    private func next() -> (Int, Int64)? {
        var best = (index: 0, due: Int64.max)
        for index in nodes.indices {
            let due = min(nodes[index].arrival, nodes[index].look)
            if due < best.due { best = (index, due) }
        }
        return best.due == .max ? nil : best
    }

    private func listening(_ now: Int64) -> MonotonicTime {
        hearing.listening(at: MonotonicTime(nanoseconds: now * 1_000))
    }

    /// The next arrival of the node: a heartbeat, an answer, or the end of its connection.
    private mutating func hear(_ index: Int, _ now: Int64) {
        let before = nodes[index].watch.phase
        switch nodes[index].takeArrival(options) {
        case .heartbeat:
            report.heartbeats += 1
            nodes[index].watch.heard(at: listening(now), rule)
        case .answer(let number):
            nodes[index].watch.heard(at: listening(now), answering: number, rule)
        case .died: report.deaths += 1
        case .closed:
            if before == .online || before == .suspect { nodes[index].watch.closed(at: listening(now)) }
        case .back:
            nodes[index].watch.heard(at: listening(now), rule)
        }
        changed(index, before, now)
    }

    private mutating func judge(_ index: Int, _ now: Int64) {
        let before = nodes[index].watch.phase
        switch nodes[index].watch.look(at: listening(now), rule) {
        case .wait: break
        case .becameSuspect:
            if let diedAt = nodes[index].diedAt {
                if !nodes[index].isCrash { report.cutSuspect.add((now - diedAt) / 1_000) }
            } else {
                report.falseSuspicions += 1
            }
        case .probe(let number, _):
            report.probes += 1
            nodes[index].probe(number, at: now, options)
        case .giveUp: giveUp(index, now)
        }
        changed(index, before, now)
    }

    private mutating func giveUp(_ index: Int, _ now: Int64) {
        guard hearing.settledAt.nanoseconds <= now * 1_000 else {
            nodes[index].heldUntil = hearing.settledAt.nanoseconds / 1_000 + 1
            return
        }
        let pause = options.settings.failoverPauseMilliseconds
        let monotonic = MonotonicTime(nanoseconds: now * 1_000)
        guard brake.mayGiveUp(at: monotonic, pauseMilliseconds: pause) else {
            if brakeUntil == .max {
                report.brakeEngaged += 1
                brakeUntil = now + pause * 1_000
            }
            nodes[index].heldUntil = brakeUntil
            return
        }
        brake.gaveUp(at: monotonic)
        nodes[index].watch.lost(at: listening(now))
        report.failovers += 1
        if let diedAt = nodes[index].diedAt {
            let took = (now - diedAt) / 1_000
            if nodes[index].isCrash { report.crashLost.add(took) } else { report.cutLost.add(took) }
        } else {
            report.falseLosses += 1
        }
    }

    private mutating func changed(_ index: Int, _ before: NodeWatch.Phase, _ now: Int64) {
        let after = nodes[index].watch.phase
        if before.liveness != after.liveness {
            count(before, -1)
            count(after, 1)
            if after == .online {
                if before == .offline { brake.cameBack() }
                if brakeUntil < .max { reviewBrake(now) }
            }
        }
        if after == .online { nodes[index].heldUntil = 0 }
        let look = nodes[index].watch.nextLook(rule).map { hearing.due($0).nanoseconds / 1_000 + 1 } ?? .max
        nodes[index].look = look == .max ? .max : max(look, nodes[index].heldUntil)
    }

    private mutating func count(_ phase: NodeWatch.Phase, _ change: Int) {
        switch phase.liveness {
        case .online: brake.heard += change
        case .suspect: brake.unheard += change
        case .offline: break
        }
    }

    private mutating func reviewBrake(_ now: Int64) {
        guard let release = brake.review(at: MonotonicTime(nanoseconds: now * 1_000)) else { return }
        brakeUntil = .max
        guard case .heardAgain = release else { return }
        let until = listening(now).advanced(byMilliseconds: options.settings.patienceMilliseconds)
        for index in nodes.indices where nodes[index].watch.phase != .online { nodes[index].watch.bear(until: until) }
    }
}
