/// Where a task is in its life.
///
/// `queued → assigned → running → succeeded | failed | cancelled | timedOut | lost`; from assigned or running it goes
/// back to queued when an attempt ends and another is allowed. The last five are terminal and never change.
package enum TaskState: String, Sendable, Hashable, CaseIterable {
    case queued, assigned, running, succeeded, failed, cancelled
    case timedOut = "timed_out"
    case lost

    package var isTerminal: Bool {
        switch self {
        case .queued, .assigned, .running: false
        case .succeeded, .failed, .cancelled, .timedOut, .lost: true
        }
    }
}
