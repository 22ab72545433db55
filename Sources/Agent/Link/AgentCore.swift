import Executors
import GridLogic
import GridModel
import Logging
import ServiceLifecycle
import Synchronization

/// What the agent's loops share: the attempts, the heartbeat that is due, and the bell that wakes the writer. Decides
/// under one lock, acts after it.
final class AgentCore: Sendable {
    /// What the writer is to send next.
    struct Outgoing: Sendable {
        var tidings = Tidings()
        var heartbeat: (number: UInt64, sample: NodeSample)?
        /// The newest question that is answered; 0 when none.
        var probeAnswer: UInt64 = 0
        var reached: [String] = []
        var roads: [RoadState] = []

        var isEmpty: Bool {
            tidings.isEmpty && heartbeat == nil && probeAnswer == 0 && reached.isEmpty && roads.isEmpty
        }
    }

    private struct State {
        var table: AttemptTable
        var running: [AttemptRef: any RunningAttempt] = [:]
        var bell: AsyncStream<Void>.Continuation?
        var isWriterWaiting = false
        var sample: NodeSample?
        var heartbeatNumber: UInt64 = 0
        var heartbeatsSent: [UInt64: MonotonicTime] = [:]
        var roundTripMicroseconds: Int64 = 0
        var heardAt: MonotonicTime
        var gpus: [GPUSample] = []
        var probe: UInt64 = 0
        var reached: [String] = []
        var sleptMilliseconds: Int64 = 0
        /// Of a node without an agent.
        var roads: [RoadState] = []
        var areRoadsTold = true
    }

    private let settings: AgentSettings
    private let executor: any NodeRunner
    private let spool: Spool
    private let gate: SignatureGate
    private let witness: ResultWitness
    /// Signatures, and what is remembered of them on disk, keep no event loop busy.
    private let judging = BlockingWork("judging", limit: 1)
    private let logger: Logger
    /// Whether the machine that runs the attempts is known to live: nobody answers for one that may be dead.
    private let isProven: @Sendable () -> Bool
    private let state: Mutex<State>

    init(
        settings: AgentSettings, executor: any NodeRunner, spool: Spool, kept: [FinishedAttempt], gate: SignatureGate,
        witness: ResultWitness, logger: Logger, isProven: @escaping @Sendable () -> Bool = { true }
    ) {
        self.settings = settings
        self.executor = executor
        self.spool = spool
        self.gate = gate
        self.witness = witness
        self.logger = logger
        self.isProven = isProven
        let limits = AttemptTable.Limits(
            holdBackMilliseconds: settings.holdBackMilliseconds, maxUnackedBytes: settings.maxUnackedBytes)
        state = Mutex(State(table: AttemptTable(limits: limits, kept: kept), heardAt: SystemClock.monotonic()))
    }

    // MARK: the link

    /// A new connection: for the hello, every attempt there is; and the bell that rings when there is something to say.
    func beginSession() -> (refs: [AttemptRef], bell: AsyncStream<Void>) {
        let (bell, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let refs = state.withLock { state in
            state.bell = continuation
            state.isWriterWaiting = false
            state.heartbeatsSent = [:]
            state.probe = 0
            state.reached = []
            state.areRoadsTold = state.roads.isEmpty
            state.heardAt = SystemClock.monotonic()
            return state.table.refs
        }
        return (refs, bell)
    }

    func endSession() {
        state.withLock { state in
            state.table.disconnected()
            state.bell = nil
        }
    }

    func welcomed(resume: [AttemptRef: Int64]) {
        change { $0.table.connected(resume: resume, into: &$1) }
    }

    /// Returns when they were obeyed, so that those of the next message come after them.
    func obey(_ orders: [Order]) async {
        let now = SystemClock.monotonic()
        guard !orders.contains(where: gate.concerns) else {
            return await judging.value {
                // One by one: what an order forgets, the next may not start again unjudged.
                for order in orders { self.obeyJudged(order, at: now) }
            }
        }
        change { state, actions in
            for order in orders { state.table.obey(order, at: now, into: &actions) }
        }
    }

    /// An attempt that is known is told again and never started; any other is judged before it is.
    private func obeyJudged(_ order: Order, at now: MonotonicTime) {
        guard case .start(let start) = order, gate.concerns(order) else {
            return change { $0.table.obey(order, at: now, into: &$1) }
        }
        var isKnown = false
        change { state, _ in isKnown = state.table.retellIfKnown(start.ref) }
        if isKnown { return }
        let fault = gate.fault(of: start)
        change { state, actions in
            if let fault {
                state.table.refuse(start, fault.text, at: now, into: &actions)
            } else {
                state.table.obey(order, at: now, into: &actions)
            }
        }
    }

    func acknowledged(_ acks: [(ref: AttemptRef, offset: Int64)]) {
        change { state, actions in
            for ack in acks { state.table.acknowledged(ack.ref, offset: ack.offset, into: &actions) }
        }
    }

    func heard(heartbeat number: UInt64) {
        let now = SystemClock.monotonic()
        state.withLock { state in
            state.heardAt = now
            guard number > 0, let sentAt = state.heartbeatsSent.removeValue(forKey: number) else { return }
            state.roundTripMicroseconds = (now.nanoseconds - sentAt.nanoseconds) / 1_000
        }
    }

    /// The coordinator wants a word.
    func asked(probe number: UInt64) {
        guard isProven() else { return }
        let bell = state.withLock { state in
            state.probe = number
            return Self.takeBell(&state)
        }
        bell?.yield()
    }

    /// A node that the coordinator asked about answered us.
    func reached(_ node: String) {
        let bell = state.withLock { state in
            if !state.reached.contains(node) { state.reached.append(node) }
            return Self.takeBell(&state)
        }
        bell?.yield()
    }

    func told(roads: [RoadState]) {
        let bell = state.withLock { state in
            state.roads = roads
            state.areRoadsTold = false
            return Self.takeBell(&state)
        }
        bell?.yield()
    }

    /// The machine slept; told with the next hello or heartbeat.
    func slept(milliseconds: Int64) { state.withLock { $0.sleptMilliseconds += milliseconds } }

    func takeSleep() -> Int64 {
        state.withLock { state in
            defer { state.sleptMilliseconds = 0 }
            return state.sleptMilliseconds
        }
    }

    /// How long the coordinator has been silent.
    var silenceMilliseconds: Int64 {
        let now = SystemClock.monotonic()
        return state.withLock { now.milliseconds(since: $0.heardAt) }
    }

    /// What there is to say; when nothing, the bell rings as soon as there is.
    func takeOutgoing() -> Outgoing {
        state.withLock { state in
            var outgoing = Outgoing()
            outgoing.tidings = state.table.takeTidings(outputLimit: settings.maxMessageOutputBytes)
            if var sample = state.sample.take() {
                let now = SystemClock.now()
                state.heartbeatNumber += 1
                if state.heartbeatsSent.count > 64 { state.heartbeatsSent = [:] }
                state.heartbeatsSent[state.heartbeatNumber] = now.monotonic
                sample.sentAt = now.wall
                // A road's sample brings the road's own share; any other brings none.
                sample.roundTripMicroseconds += state.roundTripMicroseconds
                sample.runningAttempts = state.table.runningCount
                sample.gpus = state.gpus
                sample.sleptMilliseconds = state.sleptMilliseconds
                state.sleptMilliseconds = 0
                outgoing.heartbeat = (state.heartbeatNumber, sample)
            }
            swap(&outgoing.probeAnswer, &state.probe)
            swap(&outgoing.reached, &state.reached)
            if !state.areRoadsTold { outgoing.roads = state.roads }
            state.areRoadsTold = true
            state.isWriterWaiting = outgoing.isEmpty
            return outgoing
        }
    }

    // MARK: measurements

    func sampled(_ sample: NodeSample) {
        let bell = state.withLock { state in
            state.sample = sample
            return Self.takeBell(&state)
        }
        bell?.yield()
    }

    func sampled(gpus: [GPUSample]) { state.withLock { $0.gpus = gpus } }

    // MARK: stopping

    /// Does all of it, which goes on for ever, until a graceful shutdown; then lets what runs end, and ends it. A cancellation
    /// ends it at once.
    func work(_ settings: AgentSettings, _ jobs: [@Sendable () async throws -> Void]) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for job in jobs { group.addTask { try await job() } }
            group.addTask { try? await gracefulShutdown() }
            // The first to end is the shutdown, or a cancellation ends them all.
            while !Task.isCancelled && !Task.isShuttingDownGracefully {
                guard try await group.next() != nil else { break }
            }
            stop()
            await waitUntilQuiet(settings)
            group.cancelAll()
        }
    }

    func stop() {
        change { $0.table.stop(graceMilliseconds: settings.stopGraceMilliseconds, into: &$1) }
    }

    /// Nothing runs, and what can be told is told.
    var isQuiet: Bool { state.withLock { $0.table.runningCount == 0 && !$0.table.hasTidings } }

    /// Never for longer than the grace and a little more: a coordinator that is away does not keep us.
    func waitUntilQuiet(_ settings: AgentSettings) async {
        let deadline = SystemClock.monotonic().advanced(byMilliseconds: settings.stopGraceMilliseconds + 1_000)
        while !isQuiet && SystemClock.monotonic() < deadline {
            try? await Task.sleep(for: .milliseconds(10))
            if Task.isCancelled { return }
        }
        // The last message was handed over; let it leave.
        try? await Task.sleep(for: .milliseconds(50))
    }

    // MARK: deciding and acting

    private func happened(_ event: AttemptEvent, to ref: AttemptRef) {
        let now = SystemClock.monotonic()
        change { state, actions in
            state.table.happened(event, to: ref, at: now, into: &actions)
            if case .finished = event { state.running[ref] = nil }
        }
    }

    private func change(_ decide: (inout State, inout [AttemptTable.Action]) -> Void) {
        var actions: [AttemptTable.Action] = []
        state.withLock { decide(&$0, &actions) }
        if !actions.isEmpty { act(actions) }
        // Rung after the results are written down, so that nothing is told that would not be known after a crash.
        let bell = state.withLock { $0.table.hasTidings ? Self.takeBell(&$0) : nil }
        bell?.yield()
    }

    private static func takeBell(_ state: inout State) -> AsyncStream<Void>.Continuation? {
        guard state.isWriterWaiting else { return nil }
        state.isWriterWaiting = false
        return state.bell
    }

    private func act(_ actions: [AttemptTable.Action]) {
        var keeping: [FinishedAttempt] = []
        var dropping: [AttemptRef] = []
        for action in actions {
            switch action {
            case .start(let start, let window): self.start(start, window: window)
            case .cancel(let ref, let grace): running(ref)?.cancel(graceMilliseconds: grace)
            case .allowOutput(let ref, let bytes): running(ref)?.allowOutput(bytes)
            case .keep(let attempt): keeping.append(attempt)
            case .drop(let ref): dropping.append(ref)
            case .wakeAfter(let milliseconds): executor.after(milliseconds: milliseconds) { self.holdBackEnded() }
            }
        }
        guard !keeping.isEmpty || !dropping.isEmpty else { return }
        do {
            try spool.write(keeping: keeping, dropping: dropping)
        } catch {
            // The results are still in memory, and told: they are lost only if the agent is killed now.
            logger.error("Results could not be written to the spool", metadata: ["error": "\(error)"])
        }
    }

    private func start(_ start: AttemptStart, window: Int) {
        let running: any RunningAttempt
        if let sight = witness.sight(of: start) {
            running = executor.start(start, window: window) { self.happened(sight.seeing($0), to: start.ref) }
        } else {
            running = executor.start(start, window: window) { self.happened($0, to: start.ref) }
        }
        let isOver = state.withLock { state in
            guard state.table.isRunning(start.ref) else { return true }
            state.running[start.ref] = running
            return false
        }
        // Forgotten or over before we held it.
        if isOver { running.cancel(graceMilliseconds: 0) }
    }

    private func running(_ ref: AttemptRef) -> (any RunningAttempt)? { state.withLock { $0.running[ref] } }

    private func holdBackEnded() {
        let now = SystemClock.monotonic()
        change { $0.table.holdBackEnded(at: now, into: &$1) }
    }
}
