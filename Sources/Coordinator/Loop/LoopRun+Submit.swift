import GridLogic
import GridModel
import GridStore

/// Taking submissions: the machine knows the keys of the living, the store those of the finished.
extension LoopRun {
    mutating func submit(_ submission: Submission, _ sink: any SubmissionSink, _ now: Moment) {
        if let failure, submission.spec.durability == .durable {
            return delivery.add(.refused(ref: submission.ref, .storeFailing(failure.reason)), to: sink)
        }
        let token = makeToken()
        asked[token] = Asked(submission: submission, sink: sink, acceptedAt: now.monotonic)
        if let key = submission.key, machine.liveTask(forKey: key) == nil {
            do {
                if let finished = try finishedTask(key) {
                    return answer(token, submission.spec, with: finished, key, now)
                }
            } catch {
                asked.removeValue(forKey: token)
                return delivery.add(.refused(ref: submission.ref, .storeFailing(error.message)), to: sink)
            }
        }
        apply(.submit(submission.spec, key: submission.key, token), now)
    }

    private func finishedTask(_ key: String) throws(StoreError) -> GridTask? {
        if let id = pending.settledKeys[key] { return pending.task(id) }
        if let inFlight, let id = inFlight.settledKeys[key] { return inFlight.task(id) }
        return try store.task(key: key)
    }

    /// The same request names the finished task; another one under the same key is refused.
    private mutating func answer(
        _ token: RequestToken, _ spec: TaskSpec, with task: GridTask, _ key: String, _ now: Moment
    ) {
        guard task.spec.asks(sameAs: spec) else {
            return pending.hold(.refused(token, .keyTaken(key, by: task.id)))
        }
        pending.hold(.accepted(token, task, isNew: false))
        pending.hold(.taskSettled(task))
    }
}

extension Refusal {
    static func keyTaken(_ key: String, by id: TaskID) -> Refusal {
        Refusal(
            .alreadyExists, reason: "KEY_TAKEN",
            message: "The idempotency key “\(key.prefix(80))” belongs to task \(id), which asked for something else: "
                + "use another key, or send the same request.")
    }
}
