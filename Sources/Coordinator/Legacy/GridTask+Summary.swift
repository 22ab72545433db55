import GridLogic
import GridModel

/// A finished task in the words of the older contract.
extension GridTask {
    /// Why it did not succeed, never empty.
    var failureSentence: String {
        if !reason.isEmpty { return reason }
        let outcome = attempts.last?.outcome
        if let error = outcome?.error, !error.isEmpty { return error }
        if state == .timedOut { return "timed out" }
        if let signal = outcome?.signal { return "ended by signal \(signal)" }
        if let code = outcome?.exitCode { return "exit code \(code)" }
        return state.rawValue
    }

    /// Of the newest attempt, as its node measured it.
    var runMilliseconds: Int64 { (attempts.last?.outcome?.runMicroseconds ?? 0) / 1_000 }

    func metrics(_ hops: HopTimes) -> [String: String] {
        var metrics = ["attempts": "\(attempts.count)", "state": state.rawValue]
        let last = attempts.last
        metrics["node"] = last?.node.text ?? ""
        let begun = last?.startedAt ?? last?.assignedAt ?? finishedAt ?? submittedAt
        metrics["queued_ms"] = "\(max(begun.milliseconds - submittedAt.milliseconds, 0))"
        metrics["total_us"] = "\((hops.settledAt.nanoseconds - hops.arrivedAt.nanoseconds) / 1_000)"
        guard let outcome = last?.outcome else { return metrics }
        metrics["run_us"] = "\(outcome.runMicroseconds)"
        metrics["user_us"] = "\(outcome.usage.userMicroseconds)"
        metrics["system_us"] = "\(outcome.usage.systemMicroseconds)"
        metrics["max_resident_bytes"] = "\(outcome.usage.maxResidentBytes)"
        if let code = outcome.exitCode { metrics["exit_code"] = "\(code)" }
        if let signal = outcome.signal { metrics["signal"] = "\(signal)" }
        return metrics
    }
}
