import GridLogic
import GridModel

/// A whole grid on a virtual clock: clients, the coordinator's loop around the real machine, a store, links, and
/// agents; everything that happens is an event in one queue, and the seed and the scenario decide all of it.
///
/// Times are in microseconds. A class, because it is one thing that everything in it changes; used by one run alone.
final class SimulatedGrid {
    enum Event {
        case action(Int)
        case loopTurn(life: Int)
        case tick(life: Int)
        case commitDone(life: Int)
        case coordinatorUp
        case toCoordinator(session: Int, AgentMessage)
        case toAgent(session: Int, [Order])
        case coordinatorNotices(session: Int)
        case agentNotices(session: Int)
        case dial(node: Int, instance: UInt64)
        case heartbeat(session: Int)
        case agentUp(node: Int)
        case attemptStarted(node: Int, instance: UInt64, AttemptRef)
        case attemptEnded(node: Int, instance: UInt64, AttemptRef, AttemptOutcome.End)
        case clientLooks(submission: Int)
        case calm
        case checkEnd
        case probe(session: Int, UInt64)
        case lookFor(suspect: Int, session: Int)
        case poisoned(node: Int, instance: UInt64)
        case flap(node: Int, times: Int, every: Int64)
        case wakeAgent(node: Int, slept: Int64)
    }

    enum AgentMessage {
        case hello([AttemptRef], slept: Int64)
        case answer(UInt64)
        case vouch(Int)
        case heartbeat
        case reports([AttemptReport])
    }

    private struct Scheduled: Comparable {
        let at: Int64
        let number: UInt64
        let event: Event

        static func < (left: Scheduled, right: Scheduled) -> Bool {
            (left.at, left.number) < (right.at, right.number)
        }
        static func == (left: Scheduled, right: Scheduled) -> Bool { left.number == right.number }
    }

    let options: SimulationOptions
    let scenario: Scenario
    let isRecording: Bool
    var now: Int64 = 0
    /// Of the wall clock, from where it should be.
    var wallShift: Int64 = 0
    /// What the coordinator's monotonic clock did not count.
    var monotonicShift: Int64 = 0
    private var events = MinHeap<Box<Scheduled>>()
    private var eventCount: UInt64 = 0

    var coordinator: SimulatedCoordinator
    /// Of the input that is being handled.
    var stepEffects: [GridEffect] = []
    var agents: [SimulatedAgent] = []
    var sessions: [Int: SimulatedSession] = [:]
    var sessionCount = 0
    var clients: SimulatedClients
    var checker: InvariantChecker
    /// Every attempt that ever began: none begins twice.
    var begun: Set<AttemptRef> = []
    var poison: Set<TaskID> = []
    var history: [String] = []
    var isCalm = false
    var isOver = false

    /// Keeps what moves in the heap small.
    private struct Box<Content: Comparable>: Comparable, @unchecked Sendable {
        // Immutable once made, and used by one run alone.
        final class Holder {
            let content: Content
            init(_ content: Content) { self.content = content }
        }
        let at: Int64
        let number: UInt64
        let holder: Holder

        static func < (left: Self, right: Self) -> Bool { (left.at, left.number) < (right.at, right.number) }
        static func == (left: Self, right: Self) -> Bool { left.number == right.number }
    }

    init(_ options: SimulationOptions, _ scenario: Scenario, isRecording: Bool = false) {
        self.options = options
        self.scenario = scenario
        self.isRecording = isRecording
        coordinator = SimulatedCoordinator(options)
        clients = SimulatedClients()
        checker = InvariantChecker(settings: options.settings)
        agents = scenario.inventories.enumerated().map { SimulatedAgent(index: $0.offset, inventory: $0.element) }
    }

    /// Runs to the end, or to the first thing that is wrong.
    func run() -> SimulationReport.Figures {
        for index in scenario.actions.indices.prefix(1) { schedule(.action(index), at: scenario.actions[index].at) }
        for agent in agents.indices { bootAgent(agent, at: Int64(agent % 50) * 1_000) }
        schedule(.calm, at: scenario.calmAt + 60 * Scenario.second)
        while let next = events.first, checker.violation == nil, !isOver {
            events.removeFirst()
            now = next.at
            if options.isSmall, eventCount > 2_000_000 {
                checker.fail("0 the simulation ends", "\(eventCount) events, now \(next.holder.content.event)")
            }
            handle(next.holder.content.event)
        }
        checker.figures.virtualMilliseconds = now / 1_000
        return checker.figures
    }

    func schedule(_ event: Event, at time: Int64) {
        eventCount += 1
        let scheduled = Scheduled(at: max(now, time), number: eventCount, event: event)
        events.insert(Box(at: scheduled.at, number: eventCount, holder: Box.Holder(scheduled)))
    }

    func schedule(_ event: Event, after span: Int64) { schedule(event, at: now + span) }

    /// Chance that hangs on what it is about.
    func chance(_ about: UInt64, _ detail: UInt64) -> SplitMix64 {
        SplitMix64(seed: SplitMix64.mixed(options.seed ^ SplitMix64.mixed(about) &+ detail))
    }

    func note(_ line: @autoclosure () -> String) {
        guard isRecording else { return }
        history.append("\(now / 1_000).\(String(1_000 + now % 1_000).dropFirst()) ms  \(line())")
    }

    var moment: Moment {
        Moment(
            monotonic: MonotonicTime(nanoseconds: (now - monotonicShift) * 1_000),
            wall: Timestamp(microseconds: 1_700_000_000_000_000 + now + wallShift))
    }

    private func handle(_ event: Event) {
        switch event {
        case .action(let index):
            perform(scenario.actions[index].kind)
            if index + 1 < scenario.actions.count {
                schedule(.action(index + 1), at: scenario.actions[index + 1].at)
            }
        case .loopTurn(let life): turnLoop(life)
        case .tick(let life): tick(life)
        case .commitDone(let life): finishCommit(life)
        case .coordinatorUp: startCoordinator()
        case .toCoordinator(let session, let message): deliver(message, from: session)
        case .toAgent(let session, let orders): deliver(orders, on: session)
        case .coordinatorNotices(let session): coordinatorNotices(session)
        case .agentNotices(let session): agentNotices(session)
        case .dial(let node, let instance): dial(node, instance)
        case .heartbeat(let session): heartbeat(session)
        case .agentUp(let node): bootAgent(node, at: now)
        case .attemptStarted(let node, let instance, let ref): attemptStarted(node, instance, ref)
        case .attemptEnded(let node, let instance, let ref, let end): attemptEnded(node, instance, ref, end)
        case .clientLooks(let submission): clientLooks(submission)
        case .calm: calmDown()
        case .checkEnd: checkEnd()
        case .probe(let session, let question): probe(session, question)
        case .lookFor(let suspect, let session): lookFor(suspect, from: session)
        case .poisoned(let node, let instance): poisoned(node, instance)
        case .flap(let node, let times, let every): flap(node, times: times, every: every)
        case .wakeAgent(let node, let slept): wakeAgent(node, slept: slept)
        }
    }
}
