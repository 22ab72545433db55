package import GridModel

/// Tells one caller's request from another's; the loop that feeds the machine makes it and gets it back in an effect.
package struct RequestToken: Hashable, Sendable {
    package let number: UInt64

    package init(number: UInt64) { self.number = number }
}

/// One connection of an agent. A newer session of a node replaces the older; what an older one still says is ignored.
package struct SessionID: Hashable, Sendable {
    package let number: UInt64

    package init(number: UInt64) { self.number = number }
}

/// Everything that can happen to the grid.
package enum GridInput: Sendable {
    /// A new task, already validated. Its key, if any, is known not to belong to a finished task; the machine looks
    /// among the living.
    case submit(TaskSpec, key: String?, RequestToken)
    /// Of a living task; one that is not is refused with NOT_FOUND, and the loop looks among the finished.
    case cancel(TaskID, by: String, RequestToken)
    /// A node was named by the configuration, an enrolment or `RegisterNode`. A known node keeps its inventory when
    /// the new one is empty, and always what its owner allowed.
    case registerNode(Node, RequestToken?)
    case removeNode(NodeName, by: String, RequestToken)
    case setSchedulability(NodeName, Schedulability, by: String, RequestToken)
    /// As draining; what still runs after so long is moved.
    case drain(NodeName, deadlineMilliseconds: Int64, by: String, RequestToken)
    /// Ends a quarantine and closes every circuit of the node.
    case releaseNode(NodeName, by: String, RequestToken)
    /// An agent's hello: who it is, and every attempt it still has, running or with a result not yet taken. `instance`
    /// is new whenever the agent's process is, and 0 when unknown: another process of the agent may have started what
    /// this one knows nothing of, so what it does not list is lost instead of ordered again.
    /// `sleptMilliseconds`: how long its machine slept since it was last connected; a sleep is no death.
    case nodeConnected(
        Node, SessionID, attempts: [AttemptRef], instance: UInt64 = 0, sleptMilliseconds: Int64 = 0)
    case nodeDisconnected(NodeName, SessionID, reason: String)
    case heartbeat(NodeName, SessionID, NodeSample)
    case reports(NodeName, SessionID, [AttemptReport])
    /// Something outside the machine's concern that the grid is to write down.
    case note(IdentityNotice)
    /// Some word of it; `answering` the question of that number.
    case heard(NodeName, SessionID, answering: UInt64?)
    /// Another node reached a suspect one, as it was asked to try.
    case vouched(NodeName, by: NodeName)
    /// The ways to a node without an agent, all of them, whenever one changed.
    case roads(NodeName, SessionID, [RoadState])
    /// What the links brought could not be taken since then: the coordinator's event loops stood still.
    case notListening(since: MonotonicTime)
    /// Time has passed; due at `GridMachine.nextDeadline`.
    case tick
}

/// What the loop must do, in this order, once the batch is committed.
package enum GridEffect: Sendable {
    /// Keep this task as it now is. Only for durable tasks.
    case saveTask(GridTask)
    case saveNode(Node)
    case deleteNode(NodeName)
    /// Keep and publish. Ephemeral tasks emit none.
    case emit(GridEvent)
    /// A submission was taken. `isNew` is false when its key named a living task; the task is then that one.
    case accepted(RequestToken, GridTask, isNew: Bool)
    /// The answer to a request that is not a submission.
    case answered(RequestToken, GridAnswer)
    case refused(RequestToken, Refusal)
    /// Tell the node of this session. Sent at once; there is nothing to do if the session is gone.
    case order(NodeName, SessionID, Order)
    /// Ask a suspect node for a word: `heard` with this number answers.
    case probe(NodeName, SessionID, number: UInt64)
    /// Ask the nodes of these sessions whether they reach a suspect one: `vouched` answers, silence is no answer.
    case askOthers(NodeName, through: [SessionID])
    /// A task that still lives changed state, or one that lives made progress: for those who watch it.
    case taskChanged(GridTask)
    case progress(AttemptRef, percent: Double, stage: String)
    /// A task reached its terminal state. The machine has forgotten it.
    case taskSettled(GridTask)
}

package enum GridAnswer: Sendable {
    case task(GridTask)
    case node(Node)
}
