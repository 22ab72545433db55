package import GridLogic
package import GridModel

/// Everything that producers put into the loop's mailbox.
package enum LoopItem: Sendable {
    case submissions([Submission], any SubmissionSink)
    /// A request with one answer; the loop makes the token.
    case request(@Sendable (RequestToken) -> GridInput, @Sendable (Result<GridAnswer, Refusal>) -> Void)
    /// What a link says, and when it came.
    case link(GridInput, at: MonotonicTime)
    /// A look at the machine between two inputs; must be quick.
    case look(@Sendable (LoopView) -> Void)
    case follow(TaskID, TaskFeed)
    /// A commit has ended.
    case wake
    case unfollow(TaskID, TaskFeed)
}

extension LoopItem {
    /// Whether it is about a few ephemeral tasks alone, and asks neither the store nor a commit.
    var isBrief: Bool {
        switch self {
        case .submissions(let list, _):
            list.count <= Self.briefCount && list.allSatisfy { $0.key == nil && $0.spec.durability == .ephemeral }
        case .link(.reports(_, _, let reports), _):
            reports.count <= Self.briefCount
                && reports.allSatisfy { $0.ref.task.isEphemeral }
        default: false
        }
    }

    /// So many take less time than to wake a thread.
    private static var briefCount: Int { 8 }
}

/// The grid as the loop's thread sees it, for the length of one call.
package struct LoopView {
    package let machine: GridMachine
    package let now: Moment
    /// The newest number whose event is committed and published.
    package let publishedEvents: UInt64
    /// With the terminal tasks whose commit is still to come: the machine has forgotten them, the store does not know.
    let pending: PendingCommit
    let inFlight: PendingCommit?

    package func task(_ id: TaskID) -> GridTask? {
        machine.task(id) ?? pending.task(id) ?? inFlight?.task(id)
    }
}

/// Whether the store takes commits.
package enum StoreHealth: Sendable, Hashable {
    case well
    /// Since when commits fail, and why.
    case failing(String)
}
