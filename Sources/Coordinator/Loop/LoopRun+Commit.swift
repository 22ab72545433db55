import GridLogic
import GridModel
import GridStore
import Logging

/// Why commits fail, and when the next try is.
struct StoreFailure: Sendable {
    let since: MonotonicTime
    var reason: String
    var nextTryAt: MonotonicTime
    var delayMilliseconds: Int64
}

/// Writing down what was decided: once per batch.
///
/// A commit that fails is kept whole and tried again; meanwhile nothing durable is taken in, ephemeral tasks go on, and
/// what later inputs change is added to the same commit. Callers who wait for it are refused after a moment: a task with
/// a key is found again by that key; one without, which nobody can name, is cancelled before it was ever started.
extension LoopRun {
    mutating func commitIfDue(_ now: MonotonicTime) {
        if let failure {
            if failure.nextTryAt <= now { commit(now) }
            return
        }
        guard inFlight == nil else { return }
        if pending.tasks.count >= settings.largeCommit { return beginCommit() }
        if pending.isUrgent { return commit(now) }
        releaseHeld(now)
        if let first = pending.firstEventAt,
            first.advanced(byMilliseconds: settings.eventDelayMilliseconds) <= now
        {
            commit(now)
        }
    }

    /// Within a batch: begins a commit as soon as it is large enough. A lump of tasks that came together is so taken
    /// apart, and agents and clients work on one part while the next is written.
    mutating func commitIfLarge(_ now: MonotonicTime) {
        guard pending.tasks.count >= settings.commitTaskLimit, failure == nil else { return }
        collectCommit(now)
        guard inFlight == nil else { return }
        delivery.send(links: links)
        beginCommit()
    }

    private mutating func beginCommit() {
        var batch = PendingCommit()
        swap(&batch, &pending)
        committer.begin(batch.batch)
        inFlight = batch
    }

    /// Looks whether the committer has ended its commit, and says what waited for it.
    mutating func collectCommit(_ now: MonotonicTime) {
        guard inFlight != nil, let ended = committer.takeResult() else { return }
        collect(ended, now)
    }

    private mutating func collect(_ ended: Result<Void, StoreError>, _ now: MonotonicTime) {
        guard let batch = inFlight.take() else { return }
        switch ended {
        case .success:
            publish(batch.events)
            for effect in batch.held { release(effect, SystemClock.monotonic()) }
        case .failure(let error):
            var both = batch
            both.absorb(pending)
            pending = both
            failed(error, now)
        }
    }

    private mutating func releaseHeld(_ now: MonotonicTime) {
        for effect in pending.takeHeld() { release(effect, now) }
    }

    private mutating func publish(_ committed: [GridEvent]) {
        guard let last = committed.last else { return }
        publishedEvents = last.number
        events.publish(committed)
    }

    private mutating func commit(_ now: MonotonicTime) {
        do {
            try store.commit(pending.batch)
        } catch {
            return failed(error, now)
        }
        if failure != nil {
            logger.notice("The store takes commits again")
            failure = nil
        }
        publish(pending.events)
        pending.committed()
        releaseHeld(SystemClock.monotonic())
    }

    private mutating func failed(_ error: StoreError, _ now: MonotonicTime) {
        let delay =
            failure.map { min($0.delayMilliseconds * 2, settings.storeRetryMilliseconds.upperBound) }
            ?? settings.storeRetryMilliseconds.lowerBound
        if failure == nil { logger.error("The store takes no commit", metadata: ["error": "\(error)"]) }
        let since = failure?.since ?? now
        let next = SystemClock.monotonic().advanced(byMilliseconds: delay)
        failure = StoreFailure(since: since, reason: error.message, nextTryAt: next, delayMilliseconds: delay)
        if now.milliseconds(since: since) >= settings.storePatienceMilliseconds { refuseWaiting(error.message) }
    }

    /// Nobody waits for ever for a store that does not take their commit.
    private mutating func refuseWaiting(_ why: String) {
        var unnamed: Set<TaskID> = []
        for effect in pending.takeHeld() {
            switch effect {
            case .accepted(let token, let task, let isNew):
                if isNew, task.key == nil, asked[token] != nil { unnamed.insert(task.id) }
                refuse(token, .storeFailing(why))
            case .answered(let token, _): refuse(token, .storeFailing(why))
            default: pending.hold(effect)
            }
        }
        guard !unnamed.isEmpty else { return }
        pending.dropHeld { effect in
            if case .order(_, _, .start(let start)) = effect { unnamed.contains(start.ref.task) } else { false }
        }
        let now = SystemClock.now()
        for id in unnamed.sorted() { apply(.cancel(id, by: "coordinator", makeToken()), now) }
    }

    /// The mailbox is closed and empty: commits what is left, and tells those who wait for results that they must ask
    /// again.
    mutating func finish() {
        if inFlight != nil { collect(committer.waitForResult(), SystemClock.monotonic()) }
        committer.end()
        let deadline = SystemClock.monotonic().advanced(byMilliseconds: settings.stopPatienceMilliseconds)
        while pending.isUrgent || !pending.events.isEmpty {
            let now = SystemClock.monotonic()
            commit(now)
            guard failure != nil else { break }
            if now >= deadline {
                logger.error(
                    "Stopped with a commit that the store did not take", metadata: ["error": "\(failure!.reason)"])
                refuseWaiting(failure!.reason)
                break
            }
            SystemClock.sleep(milliseconds: settings.storeRetryMilliseconds.lowerBound)
        }
        if failure == nil { releaseHeld(SystemClock.monotonic()) }
        for (_, waiting) in origins {
            for origin in waiting { delivery.add(.abandoned(ref: origin.ref, .stopping), to: origin.sink) }
        }
        origins.removeAll()
        for (_, asked) in asked { delivery.add(.refused(ref: asked.submission.ref, .stopping), to: asked.sink) }
        asked.removeAll()
        for (_, answer) in requests { answer(.failure(.stopping)) }
        requests.removeAll()
        delivery.send(links: links)
        for (_, list) in feeds { for feed in list { feed.push(.stopping) } }
        feeds.removeAll()
        events.finish()
    }
}
