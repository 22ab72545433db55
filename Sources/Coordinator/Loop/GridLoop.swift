import Dispatch
import Foundation
package import GridLogic
package import GridModel
package import GridStore
package import Logging
import Synchronization

/// The one writer of the grid: feeds the machine from the mailbox, commits what it decided, then says so.
///
/// Owns a thread of its own, because a commit blocks and nothing else may wait for it. Everybody else talks to it through
/// the mailbox and hears from it through sinks, feeds, link sessions and the event hub. What concerns ephemeral tasks
/// alone needs no commit: while the thread sleeps, whoever brings it runs it at once, and spares two changes of thread.
package final class GridLoop: Sendable {
    package let links = LinkTable()
    let events = EventHub()
    let health = Mutex(StoreHealth.well)
    package let mailbox: Mailbox<LoopItem>
    private let ended = Latch()
    private let stopping = Atomic(false)
    private let run: Mutex<LoopRun>

    /// `ears` tells when the links' event loops stand still; without it they are believed to run. `attemptLost` hears of
    /// attempts that no node will end: whoever keeps their output ends it.
    package init(
        machine: consuming GridMachine, store: SQLiteStore, settings: LoopSettings, logger: Logger,
        ears: EarGauge? = nil, attemptLost: @escaping @Sendable (AttemptRef) -> Void = { _ in }
    ) {
        mailbox = Mailbox(capacity: settings.mailboxCapacity)
        run = Mutex(
            LoopRun(
                machine: machine, store: store, settings: settings, links: links, events: events, logger: logger,
                attemptLost: attemptLost, ears: ears,
                wake: { [mailbox] in
                    // A closed mailbox needs no waking: its loop waits for the commit itself.
                    _ = mailbox.push(.wake, isUrgent: true)
                }))
    }

    /// Starts the thread; call once.
    package func begin() {
        let thread = Thread { [self] in
            var items: [LoopItem] = []
            var wakesAt = run.withLock { $0.begin() }
            while mailbox.take(into: &items, until: wakesAt) {
                let standing = run.withLock { run in
                    wakesAt = run.process(items)
                    return run.health
                }
                health.withLock { $0 = standing }
                items.removeAll(keepingCapacity: true)
            }
            run.withLock { $0.finish() }
            ended.open()
        }
        thread.name = "grid-loop"
        thread.qualityOfService = .userInteractive
        thread.stackSize = 8 << 20
        thread.start()
    }

    /// Takes nothing new, drains and commits what was taken, answers it, and ends the thread.
    package func stop() async {
        stopping.store(true, ordering: .relaxed)
        mailbox.close()
        await ended.wait()
    }

    var isStopping: Bool { stopping.load(ordering: .relaxed) }

    /// Hands over many submissions of one caller at once. Those that were not taken because the mailbox is full or closed
    /// are the last `count`.
    package func submit(
        _ submissions: [Submission], to sink: any SubmissionSink
    ) -> (count: Int, refusal: Refusal)? {
        guard let owner = submissions.first?.spec.submitter else { return nil }
        var rest = submissions[...]
        while !rest.isEmpty {
            // Small enough that others get their turn between.
            let part = rest.prefix(Self.part)
            let pushed = push(.submissions(Array(part), sink), weight: part.count, owner: owner)
            if let refusal = refusal(of: pushed) { return (rest.count, refusal) }
            rest = rest.dropFirst(part.count)
        }
        return nil
    }

    private static let part = 64

    /// Hands over what links and callers say, or does it at once. Each producer's items keep their order.
    package func push(_ item: LoopItem, weight: Int = 1, owner: String? = nil) -> Mailbox<LoopItem>.Push {
        isDone(item) ? .taken : mailbox.push(item, weight: weight, owner: owner)
    }

    /// Whether the item could be dealt with here and now: it needs no commit, there is little of it, and the thread
    /// sleeps, having done everything that came before.
    private func isDone(_ item: LoopItem) -> Bool {
        guard item.isBrief, mailbox.isConsumerAsleep else { return false }
        let done = run.withLockIfAvailable { run -> Bool? in
            mailbox.isConsumerAsleep ? run.processNow(item) : nil
        }
        guard case .some(let wantsThread?) = done else { return false }
        if wantsThread { _ = mailbox.push(.wake, isUrgent: true) }
        return true
    }

    package func request(_ make: @escaping @Sendable (RequestToken) -> GridInput) async throws(OperationError)
        -> GridAnswer
    {
        let result = await withCheckedContinuation { (continuation: CheckedContinuation<_, Never>) in
            let pushed = mailbox.push(.request(make) { continuation.resume(returning: $0) })
            if let refusal = refusal(of: pushed) { continuation.resume(returning: .failure(refusal)) }
        }
        switch result {
        case .success(let answer): return answer
        case .failure(let refusal): throw OperationError.refused(refusal)
        }
    }

    /// Reads the machine between two inputs.
    package func look<Value: Sendable>(_ body: @escaping @Sendable (LoopView) -> Value) async throws(OperationError)
        -> Value
    {
        let value: Value? = await withCheckedContinuation { continuation in
            let pushed = mailbox.push(.look { continuation.resume(returning: body($0)) }, isUrgent: true)
            if pushed != .taken { continuation.resume(returning: nil) }
        }
        guard let value else { throw OperationError.refused(.stopping) }
        return value
    }

    private func refusal(of push: Mailbox<LoopItem>.Push) -> Refusal? {
        switch push {
        case .taken: nil
        case .full: .overloaded
        case .closed: .stopping
        }
    }
}

/// The loop's own numbers.
package struct LoopSettings: Sendable {
    /// Inputs waiting at most; beyond it submissions are refused and links wait.
    package var mailboxCapacity = 100_000
    /// Commits of at least so many tasks are written beside the loop; smaller ones by the loop itself.
    package var largeCommit = 16
    /// A commit is begun at so many tasks, even within a batch, when none is under way.
    package var commitTaskLimit = 64
    /// Events that nobody waits for may be this late.
    package var eventDelayMilliseconds: Int64 = 100
    /// How long callers of a failing commit wait before they are refused.
    package var storePatienceMilliseconds: Int64 = 1_000
    /// Between two tries of a failing commit, growing from the first to the second.
    package var storeRetryMilliseconds: ClosedRange<Int64> = 50...1_000
    /// How long a stopping loop goes on trying a failing commit.
    package var stopPatienceMilliseconds: Int64 = 5_000

    package init() {}
}

extension Refusal {
    static let overloaded = Refusal(
        .resourceExhausted, reason: "OVERLOADED",
        message: "The coordinator has more waiting than it can take: send it again a little later.",
        retryAfterMilliseconds: 100)

    static let stopping = Refusal(
        .unavailable, reason: "STOPPING",
        message: "The coordinator is stopping: connect again when it is back, with the same idempotency key.",
        retryAfterMilliseconds: 1_000)

    static func storeFailing(_ why: String) -> Refusal {
        Refusal(
            .unavailable, reason: "STORE_UNAVAILABLE",
            message: "The coordinator cannot write to its store (\(why)). Free some space or mend the disk; it tries "
                + "again every second. Send this again with the same idempotency key.",
            retryAfterMilliseconds: 1_000)
    }
}
