import GridIdentity
import GridLogic
import GridModel
package import GridStore
package import Logging
import Synchronization

/// Writes the audit: gathers entries from every door, seals them into the chain, and commits them in groups of their own,
/// off everybody's way. Only a change waits for its entry to be on disk.
///
/// While the audit cannot be written nothing is changed (`refusal`): what cannot be recorded does not happen.
package final class AuditTrail: Sendable {
    private struct State {
        var aggregator = AuditAggregator()
        var waiters: [CheckedContinuation<Void, Never>] = []
        var failure: String?
        var isEnded = false
    }

    private let store: AuditStore
    private let logger: Logger
    private let state = Mutex(State())
    private let bell = Outbox<Bool>()
    private let head: Mutex<AuditHead>
    private let reads = BlockingReads()

    /// Between two commits, so that a flood of kinds does not become a flood of commits.
    private static let pause: Duration = .milliseconds(20)
    private static let retry: Duration = .seconds(1)

    package init(store: AuditStore, logger: Logger) throws(StoreError) {
        self.store = store
        self.logger = logger
        let found = try store.head()
        head = Mutex(found)
        if let problem = try Self.problem(found, store) {
            logger.error("The audit is not as it was left", metadata: ["problem": "\(problem)"])
            add(
                AuditEntry(
                    who: "coordinator", from: "", what: "audit", subject: problem, outcome: "BROKEN",
                    at: SystemClock.wall()))
        }
    }

    /// Why no change may be made now; nil when it may.
    var refusal: Refusal? {
        guard let failure = state.withLock({ $0.failure }) else { return nil }
        return Refusal(
            .unavailable, reason: "AUDIT_UNAVAILABLE",
            message:
                "The audit cannot be written (\(failure)), so nothing is changed: free some space or mend the disk.",
            retryAfterMilliseconds: 1_000)
    }

    /// Stands alone; returns at once.
    func add(_ entry: AuditEntry) {
        state.withLock { $0.aggregator.add(single: entry) }
        bell.push(true)
    }

    /// May be counted with others of its kind; returns at once. True when it is the first of its kind in a while.
    @discardableResult
    func add(repeatable entry: AuditEntry) -> Bool {
        let isReady = state.withLock { $0.aggregator.add(repeatable: entry, at: SystemClock.monotonic()) }
        if isReady { bell.push(true) }
        return isReady
    }

    /// Stands alone; returns when it is on disk, or when it is known that it cannot be written.
    func write(_ entry: AuditEntry) async {
        await withCheckedContinuation { continuation in
            let isEnded = state.withLock { state in
                guard !state.isEnded else { return true }
                state.aggregator.add(single: entry)
                state.waiters.append(continuation)
                return false
            }
            if isEnded { continuation.resume() } else { bell.push(true) }
        }
    }

    /// Writes until `finish`, or until it is cancelled; then what is left is written too.
    package func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { [self] in
                // Windows close without anybody ringing.
                while (try? await Task.sleep(for: .seconds(1))) != nil { bell.push(true) }
            }
            var unwritten: [AuditEntry] = []
            while await bell.take() != nil {
                let waiters = await write(&unwritten)
                for waiter in waiters { waiter.resume() }
                if unwritten.isEmpty {
                    if waiters.isEmpty { try? await Task.sleep(for: Self.pause) }
                } else {
                    try? await Task.sleep(for: Self.retry)
                    bell.push(true)
                }
            }
            group.cancelAll()
            state.withLock { $0.isEnded = true }
            for waiter in await write(&unwritten, isLast: true) { waiter.resume() }
        }
    }

    package func finish() { bell.finish() }

    /// After `run` has returned.
    package func close() throws(StoreError) { try store.close() }

    /// From number `first` on, for whoever may read the audit.
    func records(from first: UInt64, limit: Int) async throws(OperationError) -> [AuditRecord] {
        try await reads.run { [store] () throws(StoreError) in try store.records(from: first, limit: limit) }
    }

    /// Where the kept chain begins, and the head that must be in it.
    func bounds() async throws(OperationError) -> (start: AuditHead, noted: AuditHead?) {
        try await reads.run { [store] () throws(StoreError) in (try store.start(), try store.notedHead()) }
    }

    func purge(before time: Timestamp, keep: Int) async throws(OperationError) {
        try await reads.run { [store] () throws(StoreError) in _ = try store.purge(before: time, keep: keep) }
    }

    /// One commit. Returns those who waited for it.
    private func write(
        _ unwritten: inout [AuditEntry], isLast: Bool = false
    ) async -> [CheckedContinuation<Void, Never>] {
        let (ready, waiters) = state.withLock { state in
            defer { state.waiters.removeAll() }
            return (state.aggregator.takeReady(at: SystemClock.monotonic(), isLast: isLast), state.waiters)
        }
        unwritten += ready
        // After a failure it is tried again even with nothing to add: whoever is refused adds nothing.
        guard !unwritten.isEmpty || refusal != nil else { return waiters }
        if unwritten.count > Self.unwrittenLimit {
            logger.error("Audit entries were lost", metadata: ["count": "\(unwritten.count - Self.unwrittenLimit)"])
            unwritten.removeFirst(unwritten.count - Self.unwrittenLimit)
        }
        let start = head.withLock { $0 }
        var records: [AuditRecord] = []
        var last = start
        for entry in unwritten {
            let record = AuditChain.seal(entry, after: last)
            records.append(record)
            last = AuditHead(number: record.number, hash: record.hash)
        }
        let (sealed, newest) = (records, last)
        do throws(OperationError) {
            try await reads.run { [store] () throws(StoreError) in try store.append(sealed) }
            head.withLock { $0 = newest }
            unwritten.removeAll()
            let wasFailing = state.withLock { $0.failure.take() != nil }
            if wasFailing { logger.notice("The audit can be written again") }
        } catch {
            let why = error.refusal.message
            let isNew = state.withLock { state in
                defer { state.failure = why }
                return state.failure == nil
            }
            if isNew { logger.error("The audit cannot be written", metadata: ["error": "\(why)"]) }
            // It may have been written all the same: only the note of the head may have failed.
            await catchUp(&unwritten, from: start)
        }
        return waiters
    }

    private func catchUp(_ unwritten: inout [AuditEntry], from start: AuditHead) async {
        guard let found = try? await reads.run({ [store] () throws(StoreError) in try store.head() }),
            found.number == start.number + UInt64(unwritten.count)
        else { return }
        head.withLock { $0 = found }
        unwritten.removeAll()
    }

    /// What is wrong with the chain's end as it was found; nil when nothing is.
    private static func problem(_ found: AuditHead, _ store: AuditStore) throws(StoreError) -> String? {
        let noted: AuditHead?
        do { noted = try store.notedHead() } catch { return error.message }
        guard let noted else { return found.number == 0 ? nil : "the note of its head is missing" }
        if noted.number > found.number {
            return "it ends at record \(found.number), but had gone on to \(noted.number)"
        }
        let there = try store.records(from: noted.number, limit: 1).first
        guard let there, there.number == noted.number else { return nil }
        return there.hash == noted.hash ? nil : "record \(noted.number) is not the one that was noted"
    }

    private static let unwrittenLimit = 10_000
}
