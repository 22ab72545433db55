import GridModel

/// One node as the coordinator knows it.
///
/// `online → suspect` on silence, `→ cutOff` when its connection closes; `awaited` after the coordinator's own restart.
/// Each of the three ends `online` when it is heard and `offline` when its time is up and the brake allows.
/// `offline → online` when it says hello, or when a session that was only silent speaks again.
struct NodeMachine: Sendable {
    enum Phase: Hashable, Sendable {
        case online
        /// The session is open and nothing comes.
        case suspect
        /// The session closed.
        case cutOff(until: MonotonicTime)
        /// Not heard since the coordinator started, and attempts of its are alive.
        case awaited(until: MonotonicTime)
        case offline

        var liveness: NodeLiveness {
            switch self {
            case .online: .online
            case .suspect, .cutOff, .awaited: .suspect
            case .offline: .offline
            }
        }
    }

    var node: Node
    var phase = Phase.offline
    var session: SessionID?
    /// Of the agent's process; 0 when unknown.
    var instance: UInt64 = 0
    var lastHeard: MonotonicTime?
    /// Not given up before this, however long it was silent: set when the silence may have been our own.
    var patience = MonotonicTime(nanoseconds: 0)
    /// The time of its entry among the timers.
    var deadline: MonotonicTime?
    var sample: NodeSample?
    var skewMicroseconds: Int64 = 0
    /// The first of its living attempts, a slot of the task table; -1 when there is none.
    var firstAttempt = -1
    /// It is draining and something still runs: its end is to be announced.
    var isDrainPending = false
    /// Given up by its owner; the index waits for another.
    var isRemoved = false

    init(node: Node) { self.node = node }

    /// Whether it ever said what it has.
    var isMeasured: Bool { node.inventory.cores > 0 }

    var mayTakeTasks: Bool {
        !isRemoved && phase == .online && node.schedulability == .open && !node.isExternal && session != nil
    }

    /// When it is to be looked at again.
    func nextLook(_ settings: GridSettings) -> MonotonicTime? {
        switch phase {
        case .online: lastHeard?.advanced(byMilliseconds: settings.suspectAfterMilliseconds)
        case .suspect: lastHeard.map { max(patience, $0.advanced(byMilliseconds: settings.offlineAfterMilliseconds)) }
        case .cutOff(let until), .awaited(let until): max(patience, until)
        case .offline: nil
        }
    }
}
