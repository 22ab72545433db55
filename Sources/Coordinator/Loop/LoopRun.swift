import GridLogic
import GridModel
import GridStore
import Logging
import Synchronization

/// The state of the loop's thread, and what it does with one batch: apply every input, commit once, release.
struct LoopRun: Sendable {
    /// Somebody who waits for a task's end.
    struct Origin {
        let ref: UInt64
        let sink: any SubmissionSink
        var hops: HopTimes
    }

    /// A submission between the machine and its answer.
    struct Asked {
        let submission: Submission
        let sink: any SubmissionSink
        var acceptedAt: MonotonicTime
    }

    var machine: GridMachine
    let store: SQLiteStore
    let settings: LoopSettings
    let links: LinkTable
    let events: EventHub
    let logger: Logger
    let attemptLost: @Sendable (AttemptRef) -> Void
    let ears: EarGauge?

    var pending = PendingCommit()
    /// Being written by the committer. What is decided meanwhile may depend on it, and waits behind it.
    var inFlight: PendingCommit?
    let committer: Committer
    var effects: [GridEffect] = []
    var nextToken: UInt64 = 1
    var asked: [RequestToken: Asked] = [:]
    var requests: [RequestToken: @Sendable (Result<GridAnswer, Refusal>) -> Void] = [:]
    var origins: [TaskID: [Origin]] = [:]
    var feeds: [TaskID: [TaskFeed]] = [:]
    var publishedEvents: UInt64 = 0
    var failure: StoreFailure?
    /// Until when the loop's thread sleeps when nobody wakes it.
    private var wakesAt: MonotonicTime?
    var delivery = Delivery()

    init(
        machine: consuming GridMachine, store: SQLiteStore, settings: LoopSettings, links: LinkTable,
        events: EventHub, logger: Logger, attemptLost: @escaping @Sendable (AttemptRef) -> Void, ears: EarGauge?,
        wake: @escaping @Sendable () -> Void
    ) {
        self.machine = machine
        self.store = store
        self.settings = settings
        self.links = links
        self.events = events
        self.logger = logger
        self.attemptLost = attemptLost
        self.ears = ears
        committer = Committer(store: store, wake: wake)
    }

    /// When `process` must be called next, at the latest; nil: only when there is something to process.
    mutating func begin() -> MonotonicTime? {
        publishedEvents = (try? store.lastEventNumber()) ?? 0
        wakesAt = nextDeadline
        return wakesAt
    }

    var health: StoreHealth { failure.map { .failing($0.reason) } ?? .well }

    /// When there is something to do without any input.
    private var nextDeadline: MonotonicTime? {
        var deadline = machine.nextDeadline ?? .distantFuture
        if let failure {
            deadline = min(deadline, failure.nextTryAt)
        } else if inFlight == nil, let first = pending.firstEventAt {
            deadline = min(deadline, first.advanced(byMilliseconds: settings.eventDelayMilliseconds))
        }
        return deadline == .distantFuture ? nil : deadline
    }

    /// On the loop's thread. As `begin`.
    mutating func process(_ items: [LoopItem]) -> MonotonicTime? {
        let now = SystemClock.now()
        collectCommit(now.monotonic)
        for item in items { take(item, now) }
        if let deadline = machine.nextDeadline, deadline <= now.monotonic {
            if let since = ears?.stalledSince(now.monotonic) { apply(.notListening(since: since), now) }
            apply(.tick, now)
        }
        delivery.send(links: links)
        commitIfDue(now.monotonic)
        delivery.send(links: links)
        wakesAt = nextDeadline
        return wakesAt
    }

    /// On the thread of whoever brings a brief item. True when the loop's thread has to go on from here.
    mutating func processNow(_ item: LoopItem) -> Bool {
        take(item, SystemClock.now())
        delivery.send(links: links)
        if inFlight == nil, pending.isUrgent || !pending.held.isEmpty { return true }
        return (nextDeadline ?? .distantFuture) < (wakesAt ?? .distantFuture)
    }

    private mutating func take(_ item: LoopItem, _ now: Moment) {
        switch item {
        case .submissions(let submissions, let sink):
            for submission in submissions {
                submit(submission, sink, now)
                commitIfLarge(now.monotonic)
            }
        case .request(let make, let answer):
            if let failure {
                answer(.failure(.storeFailing(failure.reason)))
            } else {
                let token = makeToken()
                requests[token] = answer
                apply(make(token), now)
            }
        case .link(.reports(let node, let session, let reports), let at):
            noteReports(reports, at)
            var rest = reports[...]
            while !rest.isEmpty {
                apply(.reports(node, session, Array(rest.prefix(settings.commitTaskLimit))), now)
                rest = rest.dropFirst(settings.commitTaskLimit)
                commitIfLarge(now.monotonic)
            }
        case .link(let input, _):
            apply(input, now)
        case .look(let body):
            body(
                LoopView(
                    machine: machine, now: now, publishedEvents: publishedEvents, pending: pending, inFlight: inFlight))
        case .follow(let id, let feed):
            if let task = machine.task(id) {
                feeds[id, default: []].append(feed)
                feed.push(.state(task))
            } else if let task = pending.task(id) ?? inFlight?.task(id) {
                // Settled and not yet committed: its state goes out with the commit.
                feeds[id, default: []].append(feed)
                if !task.state.isTerminal { feed.push(.state(task)) }
            } else {
                feed.push(.absent)
            }
        case .wake: break
        case .unfollow(let id, let feed):
            guard var list = feeds[id] else { return }
            list.removeAll { $0 === feed }
            feeds[id] = list.isEmpty ? nil : list
        }
    }

    mutating func makeToken() -> RequestToken {
        defer { nextToken += 1 }
        return RequestToken(number: nextToken)
    }

    /// Lets the machine decide, and sorts what it decided: to be written, to be said after the commit, or at once.
    mutating func apply(_ input: GridInput, _ now: Moment) {
        machine.apply(input, at: now, into: &effects)
        for effect in effects {
            switch effect {
            case .saveTask(let task): pending.save(task)
            case .saveNode(let node): pending.save(node)
            case .deleteNode(let name): pending.delete(name)
            case .emit(let event): pending.emit(event, at: now.monotonic)
            default:
                if effect.isEphemeral { release(effect, now.monotonic) } else { pending.hold(effect) }
            }
        }
        effects.removeAll(keepingCapacity: true)
    }

    private mutating func noteReports(_ reports: [AttemptReport], _ at: MonotonicTime) {
        for report in reports {
            guard case .finished(let ref, _) = report, origins[ref.task] != nil else { continue }
            // Safe: it was found just now. In place, because these are many.
            for index in origins[ref.task]!.indices { origins[ref.task]![index].hops.reportedAt = at }
        }
    }
}

extension GridEffect {
    /// Whether it concerns an ephemeral task alone, or is only a question, and so need not wait for any commit.
    fileprivate var isEphemeral: Bool {
        switch self {
        case .accepted(_, let task, _), .taskChanged(let task), .taskSettled(let task), .answered(_, .task(let task)):
            task.spec.durability == .ephemeral
        case .order(_, _, let order): order.ref.task.isEphemeral
        case .progress(let ref, _, _): ref.task.isEphemeral
        case .probe, .askOthers: true
        default: false
        }
    }
}

extension TaskID {
    var isEphemeral: Bool { number >= Self.firstEphemeralNumber }
}

extension Order {
    fileprivate var ref: AttemptRef {
        switch self {
        case .start(let start): start.ref
        case .cancel(let ref, _), .forget(let ref): ref
        }
    }
}
