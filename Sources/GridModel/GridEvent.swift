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
        /// It waits for room that attempts of lower priority were asked to give; the reason says which and why there.
        case taskRoomMade(TaskID, node: NodeName, ending: Int, reason: String)
        /// An attempt was asked to end for another task's sake; another attempt will follow.
        case taskPreempted(AttemptRef, node: NodeName, Preemption)
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
        /// It answers slowly (or no longer does): alive, waited for, and used last.
        case nodeSlow(NodeName, Bool, answerMilliseconds: Int64)
        /// Of a node without an agent: its tasks go by another of its roads from now on.
        case nodeRoadChanged(NodeName, from: String, to: String, reason: String)
        /// It keeps going and coming back: nothing is placed there for a while.
        case nodeQuarantined(NodeName, milliseconds: Int64, reason: String)
        /// How likely it is to fail soon has another level: the number, 0 ... 1, and the gravest evidence.
        case nodeRisk(NodeName, RiskLevel, risk: Double, reason: String)
        /// It is given nothing new for its risk, or is given tasks again.
        case nodeAvoided(NodeName, Bool, reason: String)
        /// By nobody when the time was up.
        case nodeReleased(NodeName, by: String)
        /// It said something that cannot be; it was clamped.
        case nodeMisreported(NodeName, String)
        /// Attempts of this type fail there and not elsewhere: none is placed there for a while.
        case circuitOpened(NodeName, type: String, milliseconds: Int64, failures: Int)
        case circuitClosed(NodeName, type: String)
        case nodeRemoved(NodeName, by: String)
        /// New failovers are stopped because the coordinator itself may be cut off (or no longer are).
        case failoversPaused(Bool, reason: String)
        /// Somebody's certificate, or the authority, changed or was refused.
        case identity(IdentityNotice)
    }
}

/// A fact about identities: what, about whom, and by whom.
package struct IdentityNotice: Sendable, Hashable {
    package enum Kind: String, Sendable, Hashable {
        /// A node showed a key that its name does not belong to.
        case nodeKeyRefused = "node_key_refused"
        case nodeRecovered = "node_recovered"
        case certificateRevoked = "certificate_revoked"
        case enrolmentWaiting = "enrolment_waiting"
        case enrolmentApproved = "enrolment_approved"
        case enrolmentDenied = "enrolment_denied"
        case authorityRotated = "authority_rotated"
        case authorityRetired = "authority_retired"
    }

    package let kind: Kind
    /// Nil when it is not about a node.
    package let node: NodeName?
    /// A sentence for people.
    package let text: String
    package let by: String

    package init(_ kind: Kind, node: NodeName? = nil, by: String = "", _ text: String) {
        self.kind = kind
        self.node = node
        self.text = text
        self.by = by
    }
}
