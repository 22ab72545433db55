package import Executors
package import GridModel

/// Everything an agent knows of its attempts, and what is to be told of them. A value: the agent keeps it under a lock,
/// and carries out what its transitions return.
///
/// An attempt is *running* from its order until its executor says it finished, then *finished* until the coordinator
/// says `forget`. One that is forgotten while it runs is *unwanted*: it is ended, and nothing is told of it.
package struct AttemptTable: Sendable {
    /// How long and how much may be held here before it is told.
    package struct Limits: Sendable {
        package var holdBackMilliseconds: Int64
        package var maxUnackedBytes: Int

        package init(holdBackMilliseconds: Int64 = 10, maxUnackedBytes: Int = 8 << 20) {
            self.holdBackMilliseconds = holdBackMilliseconds
            self.maxUnackedBytes = maxUnackedBytes
        }
    }

    /// What the agent is to do after a transition.
    package enum Action: Sendable, Hashable {
        case start(AttemptStart, window: Int)
        case cancel(AttemptRef, graceMilliseconds: Int64)
        /// The coordinator took so much output: the executor may deliver as much again.
        case allowOutput(AttemptRef, Int)
        /// Write the result down: it must outlive the agent.
        case keep(FinishedAttempt)
        case drop(AttemptRef)
        /// Call `holdBackEnded` after so long.
        case wakeAfter(milliseconds: Int64)
    }

    enum Phase: Sendable { case running, unwanted, finished(AttemptOutcome) }

    struct Entry: Sendable {
        var phase = Phase.running
        let isDurable: Bool
        var isKept = false
        var output = OutputBuffer()
        /// Nothing is told before this, unless it ends.
        var heldUntil: MonotonicTime
        var tellsStarted = false
        var tellsFinished = false
        var progress: (percent: Double, stage: String)?
        /// Stands in the queue of those with something to tell.
        var isQueued = false
    }

    private let limits: Limits
    var entries: [AttemptRef: Entry] = [:]
    var queue = RefQueue()
    private var held = RefQueue()
    private var isWaking = false
    private(set) var isConnected = false
    private var isStopping = false
    package private(set) var runningCount = 0

    package init(limits: Limits = Limits(), kept: [FinishedAttempt] = []) {
        self.limits = limits
        for attempt in kept {
            var entry = Entry(isDurable: true, heldUntil: MonotonicTime(nanoseconds: 0))
            entry.phase = .finished(attempt.outcome)
            entry.isKept = true
            entry.output = OutputBuffer(chunks: attempt.output, end: attempt.outputEnd)
            entries[attempt.ref] = entry
        }
    }

    /// For the hello.
    package var refs: [AttemptRef] {
        entries.compactMap { ref, entry in if case .unwanted = entry.phase { nil } else { ref } }.sorted()
    }

    /// False when nothing is known of it; else what is known is told again.
    package mutating func retellIfKnown(_ ref: AttemptRef) -> Bool {
        guard entries[ref] != nil else { return false }
        retell(ref)
        return true
    }

    package func isRunning(_ ref: AttemptRef) -> Bool {
        if case .running? = entries[ref]?.phase { true } else { false }
    }

    // MARK: the coordinator's orders

    package mutating func obey(_ order: Order, at now: MonotonicTime, into actions: inout [Action]) {
        switch order {
        case .start(let start): self.start(start, at: now, into: &actions)
        case .cancel(let ref, let grace):
            if case .running? = entries[ref]?.phase { actions.append(.cancel(ref, graceMilliseconds: grace)) }
        case .forget(let ref): forget(ref, into: &actions)
        }
    }

    private mutating func start(_ start: AttemptStart, at now: MonotonicTime, into actions: inout [Action]) {
        guard entries[start.ref] == nil else { return retell(start.ref) }
        // Nobody is told: the coordinator will see us go, and place it elsewhere.
        guard !isStopping else { return }
        var entry = Entry(
            isDurable: start.spec.durability == .durable,
            heldUntil: now.advanced(byMilliseconds: limits.holdBackMilliseconds))
        runningCount += 1
        if case .echo(let text) = start.spec.payload, start.spec.envelope.isEmpty {
            // The no-op takes no executor, no thread and no wait. Signed, it is watched like any other.
            if !text.isEmpty { entry.output.append(.stdout, Array(text.utf8)) }
            entries[start.ref] = entry
            finish(start.ref, AttemptOutcome(end: .succeeded, exitCode: 0), into: &actions)
        } else {
            entries[start.ref] = entry
            actions.append(.start(start, window: limits.maxUnackedBytes))
        }
    }

    /// The attempt is not to be started: its end is that it was refused.
    package mutating func refuse(
        _ start: AttemptStart, _ why: String, at now: MonotonicTime, into actions: inout [Action]
    ) {
        guard entries[start.ref] == nil else { return retell(start.ref) }
        guard !isStopping else { return }
        runningCount += 1
        entries[start.ref] = Entry(isDurable: start.spec.durability == .durable, heldUntil: now)
        finish(start.ref, AttemptOutcome(end: .refused, error: why), into: &actions)
    }

    private mutating func forget(_ ref: AttemptRef, into actions: inout [Action]) {
        switch entries[ref]?.phase {
        case .running?:
            entries[ref]?.phase = .unwanted
            entries[ref]?.output = OutputBuffer()
            actions.append(.cancel(ref, graceMilliseconds: 0))
        case .finished?:
            if entries.removeValue(forKey: ref)?.isKept == true { actions.append(.drop(ref)) }
        case .unwanted?, nil:
            break
        }
    }

    // MARK: what the executor says

    package mutating func happened(
        _ event: AttemptEvent, to ref: AttemptRef, at now: MonotonicTime, into actions: inout [Action]
    ) {
        guard let phase = entries[ref]?.phase else { return }
        // Every `entries[ref]!` below is safe: it was found just now.
        switch (phase, event) {
        case (.unwanted, .finished):
            entries[ref] = nil
            runningCount -= 1
        case (.running, .started):
            entries[ref]!.tellsStarted = true
            hold(ref, at: now, into: &actions)
        case (.running, .progress(let percent, let stage)):
            entries[ref]!.progress = (percent, stage)
            hold(ref, at: now, into: &actions)
        case (.running, .output(let stream, let bytes)):
            entries[ref]!.output.append(stream, bytes)
            hold(ref, at: now, into: &actions)
        case (.running, .finished(let outcome)):
            finish(ref, outcome, into: &actions)
        case (.unwanted, _), (.finished, _):
            break
        }
    }

    private mutating func finish(_ ref: AttemptRef, _ outcome: AttemptOutcome, into actions: inout [Action]) {
        var outcome = outcome
        runningCount -= 1
        let isStopping = isStopping
        update(ref) { entry in
            if entry.output.end > 0 { outcome.inlineOutput = entry.output.takeInline() }
            if isStopping && outcome.end == .cancelled {
                outcome.end = .lost
                outcome.error = "its node's agent was stopped"
                // What was attested was that it had been cancelled.
                outcome.attestation = []
            }
            entry.phase = .finished(outcome)
            entry.tellsFinished = true
            entry.isKept = entry.isDurable
            if entry.isDurable {
                actions.append(
                    .keep(
                        FinishedAttempt(
                            ref: ref, outcome: outcome, output: Array(entry.output.unacked),
                            outputEnd: entry.output.end)))
            }
        }
        enqueue(ref)
    }

    // MARK: the connection

    /// The coordinator's welcome: it wants each attempt's output from this offset on. Everything is told again.
    package mutating func connected(resume: [AttemptRef: Int64], into actions: inout [Action]) {
        isConnected = true
        queue = RefQueue()
        for ref in refs {
            update(ref) { $0.isQueued = false }
            resumeOutput(ref, at: resume[ref] ?? 0, into: &actions)
            retell(ref)
        }
    }

    package mutating func disconnected() { isConnected = false }

    package mutating func acknowledged(_ ref: AttemptRef, offset: Int64, into actions: inout [Action]) {
        guard entries[ref] != nil else { return }
        let freed = update(ref) { $0.output.acknowledge(offset) }
        if freed > 0 { actions.append(.allowOutput(ref, freed)) }
    }

    private mutating func resumeOutput(_ ref: AttemptRef, at offset: Int64, into actions: inout [Action]) {
        let freed = update(ref) { $0.output.resume(at: offset) }
        if freed > 0 { actions.append(.allowOutput(ref, freed)) }
    }

    private mutating func retell(_ ref: AttemptRef) {
        let tells = update(ref) { entry in
            switch entry.phase {
            case .running: entry.tellsStarted = true
            case .finished: entry.tellsFinished = true
            case .unwanted: return false
            }
            return true
        }
        if tells { enqueue(ref) }
    }

    // MARK: stopping

    /// No new attempts from now on; those that run are ended, and reported as lost with their node.
    package mutating func stop(graceMilliseconds: Int64, into actions: inout [Action]) {
        guard !isStopping else { return }
        isStopping = true
        for (ref, entry) in entries {
            if case .running = entry.phase { actions.append(.cancel(ref, graceMilliseconds: graceMilliseconds)) }
        }
    }

    // MARK: telling

    /// Some attempts have kept their first words for long enough.
    package mutating func holdBackEnded(at now: MonotonicTime, into actions: inout [Action]) {
        isWaking = false
        while let ref = held.first {
            if let entry = entries[ref] {
                if entry.heldUntil > now { return wake(at: now, for: ref, into: &actions) }
                enqueue(ref)
            }
            held.removeFirst()
        }
    }

    private mutating func hold(_ ref: AttemptRef, at now: MonotonicTime, into actions: inout [Action]) {
        guard let entry = entries[ref], !entry.isQueued else { return }
        if entry.heldUntil <= now { return enqueue(ref) }
        held.append(ref)
        wake(at: now, for: ref, into: &actions)
    }

    private mutating func wake(at now: MonotonicTime, for ref: AttemptRef, into actions: inout [Action]) {
        guard !isWaking, let until = entries[ref]?.heldUntil else { return }
        isWaking = true
        actions.append(.wakeAfter(milliseconds: max(0, until.milliseconds(since: now)) + 1))
    }

    mutating func enqueue(_ ref: AttemptRef) {
        let isNew = update(ref) { entry in
            defer { entry.isQueued = true }
            return !entry.isQueued
        }
        if isNew { queue.append(ref) }
    }

    @discardableResult
    mutating func update<Result>(_ ref: AttemptRef, _ body: (inout Entry) -> Result) -> Result {
        guard let index = entries.index(forKey: ref) else { preconditionFailure("no attempt \(ref) here") }
        return body(&entries.values[index])
    }
}

/// A result that must outlive the agent, with the output that the coordinator has not taken yet.
package struct FinishedAttempt: Sendable, Hashable {
    package var ref: AttemptRef
    package var outcome: AttemptOutcome
    package var output: [OutputChunk]
    package var outputEnd: Int64

    package init(ref: AttemptRef, outcome: AttemptOutcome, output: [OutputChunk] = [], outputEnd: Int64 = 0) {
        self.ref = ref
        self.outcome = outcome
        self.output = output
        self.outputEnd = outputEnd
    }
}

/// First in, first out.
struct RefQueue: Sendable {
    private var refs: [AttemptRef] = []
    private var head = 0

    var first: AttemptRef? { head < refs.count ? refs[head] : nil }
    var isEmpty: Bool { head == refs.count }

    mutating func append(_ ref: AttemptRef) { refs.append(ref) }

    mutating func removeFirst() {
        head += 1
        if head == refs.count {
            refs.removeAll(keepingCapacity: refs.count <= 4_096)
            head = 0
        } else if head > 4_096 && head * 2 > refs.count {
            refs.removeFirst(head)
            head = 0
        }
    }
}
