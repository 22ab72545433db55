/// A task and all that has happened to it: the record that is kept.
package struct GridTask: Sendable, Hashable {
    package let id: TaskID
    package private(set) var spec: TaskSpec
    /// The client's idempotency key; nil when it gave none.
    package let key: String?
    package let submittedAt: Timestamp
    package var state: TaskState
    /// By epoch; the last is the newest.
    package var attempts: [Attempt]
    /// Not placed again before this (backoff); nil when it may be placed at once.
    package var notBefore: Timestamp?
    /// A cancel was accepted; the attempt may still be ending.
    package var cancelRequested: Bool
    package var finishedAt: Timestamp?
    /// Why it ended as it did, or why it waits; one sentence, empty when there is nothing to say.
    package var reason: String

    /// At its end: what is left of them tells only whether another request is the same.
    package mutating func eraseSecrets() {
        if !spec.secrets.isEmpty { spec = spec.with(secrets: \.erased) }
    }

    package init(
        id: TaskID, spec: TaskSpec, key: String?, submittedAt: Timestamp, state: TaskState = .queued,
        attempts: [Attempt] = [], notBefore: Timestamp? = nil, cancelRequested: Bool = false,
        finishedAt: Timestamp? = nil, reason: String = ""
    ) {
        self.id = id
        self.spec = spec
        self.key = key
        self.submittedAt = submittedAt
        self.state = state
        self.attempts = attempts
        self.notBefore = notBefore
        self.cancelRequested = cancelRequested
        self.finishedAt = finishedAt
        self.reason = reason
    }

    /// The newest attempt's epoch; 0 before the first.
    package var epoch: UInt32 { attempts.last?.epoch ?? 0 }
    package var newestRef: AttemptRef { AttemptRef(task: id, epoch: epoch) }
}

/// One try at a task on one node.
package struct Attempt: Sendable, Hashable {
    package let epoch: UInt32
    package let node: NodeName
    package var reservation: Reservation
    package let assignedAt: Timestamp
    package var startedAt: Timestamp?
    package var finishedAt: Timestamp?
    /// Nil while it lives.
    package var outcome: AttemptOutcome?
    /// Not nil when it was asked to end for another task's sake.
    package var preemption: Preemption?

    package init(
        epoch: UInt32, node: NodeName, reservation: Reservation, assignedAt: Timestamp, startedAt: Timestamp? = nil,
        finishedAt: Timestamp? = nil, outcome: AttemptOutcome? = nil, preemption: Preemption? = nil
    ) {
        self.epoch = epoch
        self.node = node
        self.reservation = reservation
        self.assignedAt = assignedAt
        self.startedAt = startedAt
        self.finishedAt = finishedAt
        self.outcome = outcome
        self.preemption = preemption
    }
}
