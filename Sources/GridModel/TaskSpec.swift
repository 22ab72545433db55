/// What a client asked for: everything about a task that never changes.
package struct TaskSpec: Sendable, Hashable {
    package var payload: TaskPayload
    /// The one node it may run on; nil lets placement choose.
    package var node: NodeName?
    /// What its node must be, in the language of `Constraint`; empty when any will do.
    package var constraint: String
    package var resources: ResourceRequest
    /// -100 ... 100; higher goes first. Waiting raises it: see `GridSettings.ageingMilliseconds`.
    package var priority: Int
    /// Attempts after the first; 0 ... 100.
    package var retries: Int
    /// How long one attempt may run, from its start. 0: no limit.
    package var timeoutMilliseconds: Int64
    /// How long it may wait to be placed the first time. 0: no limit.
    package var queueTimeoutMilliseconds: Int64
    package var onLost: LostPolicy
    /// Silence of its node after which its attempt is lost, when that is longer than it takes to lose the node. 0: at
    /// once for `retry` and `fail`, never for `wait`.
    package var lostAfterMilliseconds: Int64 = 0
    package var durability: Durability
    /// Kept bytes per output stream before the marker and the tail ring; 0: the coordinator's default.
    package var outputLimitBytes: Int64
    /// Who asked, as authenticated.
    package var submitter: String
    /// Kept and shown, never interpreted.
    package var metadata: [String: String]
    /// A sealed `TaskEnvelope`, by which a node knows whose task this is; empty when it is not signed.
    package var envelope: [UInt8]

    package init(
        payload: TaskPayload, node: NodeName? = nil, constraint: String = "", resources: ResourceRequest = .none,
        priority: Int = 0,
        retries: Int = 0, timeoutMilliseconds: Int64 = 0, queueTimeoutMilliseconds: Int64 = 0,
        onLost: LostPolicy = .retry, durability: Durability = .durable, outputLimitBytes: Int64 = 0,
        submitter: String = "", metadata: [String: String] = [:], envelope: [UInt8] = []
    ) {
        self.payload = payload
        self.node = node
        self.constraint = constraint
        self.resources = resources
        self.priority = priority
        self.retries = retries
        self.timeoutMilliseconds = timeoutMilliseconds
        self.queueTimeoutMilliseconds = queueTimeoutMilliseconds
        self.onLost = onLost
        self.durability = durability
        self.outputLimitBytes = outputLimitBytes
        self.submitter = submitter
        self.metadata = metadata
        self.envelope = envelope
    }
}

/// What becomes of a task whose node is lost while it runs.
package enum LostPolicy: String, Sendable, Hashable, CaseIterable {
    /// Another attempt elsewhere. It does not count against `retries`; the grid's limit on lost attempts applies.
    case retry
    /// Wait for the node to come back with the attempt; if there is a `lostAfter`, no longer than that, then as `retry`.
    case wait
    /// End as `lost`.
    case fail
}

package enum Durability: String, Sendable, Hashable, CaseIterable {
    /// Committed before it is acknowledged.
    case durable
    /// Kept in memory only, for calls that the caller repeats itself.
    case ephemeral
}
