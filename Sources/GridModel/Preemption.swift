/// Why an attempt is asked to end before its time: a task of higher priority needs its room. Kept with the attempt, so
/// that after a restart it is still known.
package struct Preemption: Sendable, Hashable {
    package let by: TaskID
    /// Of that task; higher than that of the one that has to go.
    package let priority: Int

    package init(by: TaskID, priority: Int) {
        self.by = by
        self.priority = priority
    }

    /// `preempted by avwg9w58, priority 9`.
    package var words: String { "preempted by \(by), priority \(priority)" }
}

extension Attempt {
    /// It ended because it was asked to make room, and nothing else: that says nothing of the task, and counts against
    /// no limit but that of preemptions.
    package var isPreempted: Bool {
        preemption != nil && (outcome?.end == .cancelled || outcome?.end == .lost)
    }
}
