import GridModel

/// What becomes of a task when its newest attempt has ended.
struct RetryRule: Sendable {
    enum Verdict: Hashable, Sendable {
        case settle(TaskState)
        /// Wait for the backoff of the `backoffCount`th such end; 0: at once.
        case retry(backoffCount: Int)
    }

    let lostAttemptLimit: Int
    /// Different nodes that may be lost while the task runs there.
    let poisonNodeLimit: Int

    /// `attempts` end with the one just ended. `isElsewherePossible`: another node could take it that has not refused
    /// it yet.
    ///
    /// - A success stands, even when a cancel was under way. Any other end of a task being cancelled is `cancelled`.
    /// - `failed` and `timedOut` count against `retries`, with backoff.
    /// - `lost`, and `cancelled` by nobody here, follow `onLost`, outside of `retries` but at most `lostAttemptLimit`
    ///   times: the first time at once, then with backoff.
    ///   A task that so many different nodes were lost with is taken for the reason, and ends.
    /// - `refused` goes on elsewhere at once under the same limit, with backoff when a node refuses it again; when
    ///   every node has refused, it counts as failed.
    ///
    /// - Preempted ones go on at once and count as none of these; they are bounded where they are chosen.
    ///
    /// So beside the preempted there are never more attempts than 1 + `retries` + `lostAttemptLimit`.
    func verdict(
        _ spec: TaskSpec, _ attempts: [Attempt], cancelRequested: Bool, isElsewherePossible: () -> Bool
    ) -> Verdict {
        guard let end = attempts.last?.outcome?.end else { preconditionFailure("the newest attempt still lives") }
        if end == .succeeded { return .settle(.succeeded) }
        if cancelRequested { return .settle(.cancelled) }
        if attempts.last?.isPreempted == true { return .retry(backoffCount: 0) }
        let attempts = attempts.filter { !$0.isPreempted }
        let failures = attempts.count(where: { $0.outcome?.end == .failed || $0.outcome?.end == .timedOut })
        let gone = attempts.count - failures
        let counted = failures + max(0, gone - lostAttemptLimit)
        switch end {
        case .succeeded: return .settle(.succeeded)
        case .failed: return counted <= spec.retries ? .retry(backoffCount: failures) : .settle(.failed)
        case .timedOut: return counted <= spec.retries ? .retry(backoffCount: failures) : .settle(.timedOut)
        case .lost, .cancelled:
            if spec.onLost == .fail || gone > lostAttemptLimit || isPoison(spec, attempts) { return .settle(.lost) }
            return .retry(backoffCount: gone - 1)
        case .refused:
            let refusals = attempts.count(where: { $0.outcome?.end == .refused })
            if isElsewherePossible() {
                let repeats = refusals - Self.refusingNodes(attempts).count
                return gone <= lostAttemptLimit ? .retry(backoffCount: repeats) : .settle(.failed)
            }
            let failed = failures + refusals
            return failed <= spec.retries ? .retry(backoffCount: failed) : .settle(.failed)
        }
    }

    /// Whether too many nodes went down while they ran it for that to be chance. Who asks for many retries gets as many
    /// nodes.
    private func isPoison(_ spec: TaskSpec, _ attempts: [Attempt]) -> Bool {
        let limit = max(1, poisonNodeLimit, spec.retries == .max ? .max : spec.retries + 1)
        return attempts.last?.outcome?.end == .lost && Self.lostNodes(attempts).count >= limit
    }

    /// Why a task ended that was taken for poison; nil for one that was not.
    func poisonWords(_ spec: TaskSpec, _ attempts: [Attempt]) -> String? {
        guard isPoison(spec, attempts) else { return nil }
        let names = Self.lostNodes(attempts).sorted().map(\.text).joined(separator: ", ")
        return "nodes were lost while they ran it (\(names)): it is not tried on another"
    }

    private static func lostNodes(_ attempts: [Attempt]) -> Set<NodeName> {
        Set(attempts.lazy.filter { $0.outcome?.end == .lost && $0.startedAt != nil && !$0.isPreempted }.map(\.node))
    }

    static func refusingNodes(_ attempts: [Attempt]) -> Set<NodeName> {
        Set(attempts.lazy.filter { $0.outcome?.end == .refused }.map(\.node))
    }
}
