/// One fact about the grid, numbered without gaps, kept and published.
package struct GridEvent: Sendable, Hashable {
    package let number: UInt64
    package let at: Timestamp
    package let fact: Fact

    package init(number: UInt64, at: Timestamp, fact: Fact) {
        self.number = number
        self.at = at
        self.fact = fact
    }

    package enum Fact: Sendable, Hashable {
        case taskSubmitted(TaskID, type: String, submitter: String)
        case taskAssigned(AttemptRef, node: NodeName)
        case taskStarted(AttemptRef, node: NodeName)
        /// An attempt ended and another will follow after the delay.
        case taskRetrying(AttemptRef, node: NodeName, end: AttemptOutcome.End, delayMilliseconds: Int64, reason: String)
        case taskCancelRequested(TaskID, by: String)
        case taskFinished(TaskID, state: TaskState, reason: String)
        /// An older epoch's result came late and changed nothing.
        case lateResultRefused(AttemptRef, node: NodeName)
        case nodeRegistered(NodeName)
        case nodeOnline(NodeName)
        case nodeSuspect(NodeName, reason: String)
        case nodeOffline(NodeName, reason: String)
        case nodeSchedulabilityChanged(NodeName, Schedulability, by: String)
        case nodeDrained(NodeName)
        case nodeRemoved(NodeName, by: String)
        /// New failovers are stopped because the coordinator itself may be cut off (or no longer are).
        case failoversPaused(Bool, reason: String)
    }
}
