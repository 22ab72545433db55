import GridModel

/// What becomes of a task when its newest attempt has ended.
struct RetryRule: Sendable {
    enum Verdict: Hashable, Sendable {
        case settle(TaskState)
        /// Wait for the backoff of the `backoffCount`th such end; 0: at once.
        case retry(backoffCount: Int)
    }

    let lostAttemptLimit: Int

    /// `attempts` end with the one just ended. `isElsewherePossible`: another node could take it that has not refused
    /// it yet.
    ///
    /// - A success stands, even when a cancel was under way. Any other end of a task being cancelled is `cancelled`.
    /// - `failed` and `timedOut` count against `retries`, with backoff.
    /// - `lost`, and `cancelled` by nobody here, follow `onLost`, outside of `retries` but at most `lostAttemptLimit`
    ///   times: the first time at once, then with backoff.
    /// - `refused` goes on elsewhere at once under the same limit, with backoff when a node refuses it again; when
    ///   every node has refused, it counts as failed.
    ///
    /// So there are never more attempts than 1 + `retries` + `lostAttemptLimit`.
    func verdict(
        _ spec: TaskSpec, _ attempts: [Attempt], cancelRequested: Bool, isElsewherePossible: () -> Bool
    ) -> Verdict {
        guard let end = attempts.last?.outcome?.end else { preconditionFailure("the newest attempt still lives") }
        if end == .succeeded { return .settle(.succeeded) }
        if cancelRequested { return .settle(.cancelled) }
        let failures = attempts.count(where: { $0.outcome?.end == .failed || $0.outcome?.end == .timedOut })
        let gone = attempts.count - failures
        let counted = failures + max(0, gone - lostAttemptLimit)
        switch end {
        case .succeeded: return .settle(.succeeded)
        case .failed: return counted <= spec.retries ? .retry(backoffCount: failures) : .settle(.failed)
        case .timedOut: return counted <= spec.retries ? .retry(backoffCount: failures) : .settle(.timedOut)
        case .lost, .cancelled:
            if spec.onLost == .fail || gone > lostAttemptLimit { return .settle(.lost) }
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

    static func refusingNodes(_ attempts: [Attempt]) -> Set<NodeName> {
        Set(attempts.lazy.filter { $0.outcome?.end == .refused }.map(\.node))
    }
}
