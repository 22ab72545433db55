import GRPCCore
import GridLogic
import GridModel
import GridWire
import Synchronization

/// One caller's `RunTasks`: batches in, whatever results are ready out.
///
/// The reader turns one request message into one push to the loop's mailbox; the loop delivers news of a whole batch at
/// once; the writer drains everything pending into one message. Nothing per task is scheduled anywhere. What is
/// unanswered is bounded, so a client that does not read cannot fill the coordinator.
final class RunTasksStream: SubmissionSink {
    private struct State {
        /// Submissions without a written answer.
        var unanswered = 0
        var isInputEnded = false
    }

    /// A message is closed at this many results, so that it stays below what clients accept.
    private static let resultsPerMessage = 2_000
    private static let bytesPerMessage = 1 << 20

    private let operations: GridOperations
    private let call: Call
    private let state = Mutex(State())
    private let outbox = Outbox<Noizylab_Grid_TaskResult>()

    init(operations: GridOperations, call: Call) {
        self.operations = operations
        self.call = call
    }

    func run(
        _ request: RPCAsyncSequence<Noizylab_Grid_RunTasksRequest, any Error>,
        _ response: RPCWriter<Noizylab_Grid_RunTasksResponse>
    ) async throws {
        try operations.authorise(call.caller, .runTasks)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { [self] in
                for try await message in request {
                    var rest = message.submissions[...]
                    while !rest.isEmpty {
                        let size = operations.gateway.slice(of: call)
                        let slice = rest.prefix(size ?? .max)
                        rest = rest.dropFirst(slice.count)
                        let (taken, pause) = admit(slice)
                        // Who sends too much is not read for a while, and so cannot send. Beside others, what its
                        // streams bring together comes in evenly; alone, a lump may come as one.
                        if size == nil { push(taken) }
                        if pause > .zero { try await Task.sleep(for: pause) }
                        if size != nil { push(taken) }
                    }
                }
                endInput()
            }
            group.addTask { [self] in try await write(response) }
            // A caller that went away ends the reader with an error, and with it the writer. Its tasks go on.
            while try await group.next() != nil {}
        }
    }

    /// What is taken of them, and how long nothing more is to be read. The rest is refused.
    private func admit(
        _ submissions: ArraySlice<Noizylab_Grid_TaskSubmission>
    ) -> (taken: [Submission], pause: Duration) {
        let arrivedAt = SystemClock.monotonic()
        let limit = operations.settings.streamInFlightLimit
        let count = submissions.count
        let room = state.withLock { state in
            let room = min(max(limit - state.unanswered, 0), count)
            state.unanswered += count
            return room
        }
        var taken: [Submission] = []
        taken.reserveCapacity(room)
        var bytes = 0
        var refused: [Noizylab_Grid_TaskResult] = []
        for (index, wanted) in submissions.enumerated() {
            do throws(OperationError) {
                guard index < room else { throw .refused(.streamFull(limit)) }
                let submission = try operations.admit(
                    call.caller, ref: wanted.ref, wanted.model(), key: wanted.key, arrivedAt: arrivedAt,
                    wantsResult: true)
                bytes += submission.spec.payload.byteCount
                taken.append(submission)
            } catch {
                refused.append(Noizylab_Grid_TaskResult(ref: wanted.ref, refusedBy: error))
            }
        }
        let grant = operations.gateway.submit(call, count: taken.count, bytes: bytes)
        for submission in taken.dropFirst(grant.count) {
            let tooFast = Refusal.tooFast(retryAfterMilliseconds: grant.retryAfterMilliseconds)
            refused.append(Noizylab_Grid_TaskResult(ref: submission.ref, refusedBy: .refused(tooFast)))
        }
        taken.removeLast(taken.count - grant.count)
        if !refused.isEmpty { outbox.push(contentsOf: refused) }
        let pause = max(grant.pauseMilliseconds, room < count ? Refusal.streamFullMilliseconds : 0)
        return (taken, .milliseconds(pause))
    }

    /// Hands over what was taken.
    private func push(_ taken: [Submission]) {
        guard let (count, refusal) = operations.loop.submit(taken, to: self) else { return }
        outbox.push(
            contentsOf: taken.suffix(count).map {
                Noizylab_Grid_TaskResult(ref: $0.ref, refusedBy: .refused(refusal))
            })
    }

    func deliver(_ news: [SubmissionNews]) {
        var results: [Noizylab_Grid_TaskResult] = []
        results.reserveCapacity(news.count)
        for item in news {
            switch item {
            case .accepted: break
            case .settled(let ref, let task, let hops):
                results.append(Noizylab_Grid_TaskResult(ref: ref, task, hops))
            case .refused(let ref, let refusal), .abandoned(let ref, let refusal):
                results.append(Noizylab_Grid_TaskResult(ref: ref, refusedBy: .refused(refusal)))
            }
        }
        if !results.isEmpty { outbox.push(contentsOf: results) }
    }

    private func endInput() {
        let isDone = state.withLock { state in
            state.isInputEnded = true
            return state.unanswered == 0
        }
        if isDone { outbox.finish() }
    }

    private func write(_ response: RPCWriter<Noizylab_Grid_RunTasksResponse>) async throws {
        while let results = await outbox.take() {
            var message = Noizylab_Grid_RunTasksResponse()
            var bytes = 0
            for result in results {
                bytes += 128 + result.outcome.stdout.count + result.outcome.stderr.count
                message.results.append(result)
                if message.results.count >= Self.resultsPerMessage || bytes >= Self.bytesPerMessage {
                    try await response.write(message)
                    message.results.removeAll()
                    bytes = 0
                }
            }
            if !message.results.isEmpty { try await response.write(message) }
            let isDone = state.withLock { state in
                state.unanswered -= results.count
                return state.isInputEnded && state.unanswered == 0
            }
            if isDone { outbox.finish() }
        }
    }
}

extension Refusal {
    fileprivate static let streamFullMilliseconds: Int64 = 100

    fileprivate static func streamFull(_ limit: Int) -> Refusal {
        Refusal(
            .resourceExhausted, reason: "STREAM_FULL",
            message: "This stream has \(limit) tasks under way: wait for results before sending more.",
            retryAfterMilliseconds: streamFullMilliseconds)
    }

    fileprivate static func tooFast(retryAfterMilliseconds: Int64) -> Refusal {
        Refusal(
            .resourceExhausted, reason: "RATE_LIMITED",
            message: "More tasks came from you at once than one caller may bring: this one was not taken. "
                + "The limits stand in [limits] of the coordinator's configuration.",
            retryAfterMilliseconds: retryAfterMilliseconds)
    }
}

extension Noizylab_Grid_TaskSubmission {
    fileprivate func model() throws(OperationError) -> TaskSpec {
        guard hasSpec else { throw .refused(.invalid("spec", "is missing")) }
        do {
            return try spec.model()
        } catch {
            throw OperationError(error)
        }
    }
}

extension Noizylab_Grid_TaskResult {
    fileprivate init(ref: UInt64, refusedBy error: OperationError) {
        self.init()
        self.ref = ref
        let refusal = error.refusal
        self.refusal = Noizylab_Grid_RefusalInfo(refusal)
        self.error = refusal.message
    }

    fileprivate init(ref: UInt64, _ task: GridTask, _ hops: HopTimes) {
        self.init()
        self.ref = ref
        taskID = task.id.description
        state = task.state.rawValue
        error = task.reason
        attempts = UInt32(clamping: task.attempts.count)
        if let last = task.attempts.last {
            node = last.node.text
            if let outcome = last.outcome { self.outcome = Noizylab_Grid_AttemptOutcome(outcome) }
        }
        // Assigned whole: each access through the message would copy it.
        var told = Noizylab_Grid_HopTimes()
        told.nodeUs = task.attempts.last?.outcome?.runMicroseconds ?? 0
        told.acceptedUs = hops.acceptedAt.microseconds(since: hops.arrivedAt)
        told.committedUs = hops.committedAt.microseconds(since: hops.arrivedAt)
        told.reportedUs = hops.reportedAt.microseconds(since: hops.arrivedAt)
        told.settledUs = hops.settledAt.microseconds(since: hops.arrivedAt)
        self.hops = told
    }
}

extension MonotonicTime {
    fileprivate func microseconds(since earlier: MonotonicTime) -> Int64 {
        (nanoseconds - earlier.nanoseconds) / 1_000
    }
}
