/// The numbers the grid decides by.
package struct GridSettings: Sendable {
    /// Backoff before attempt n + 1: initial × 2^(n-1), at most the cap, less up to `jitterFraction` of it.
    /// Initial 1 s, cap 100 s as in gRPC's connection backoff; jitter after AWS's "full jitter" study, halved.
    package var backoffInitialMilliseconds: Int64 = 1_000
    package var backoffCapMilliseconds: Int64 = 100_000
    package var jitterFraction: Double = 0.5
    /// Lost attempts that are retried beside `retries` before the task ends as lost.
    package var lostAttemptLimit = 10
    /// One point of priority for each of these waited, so nothing waits for ever.
    package var ageingMilliseconds: Int64 = 10_000
    /// Silence after which a node is suspect, and after which it is offline.
    package var suspectAfterMilliseconds: Int64 = 1_500
    package var offlineAfterMilliseconds: Int64 = 5_000
    /// How long a node whose connection closed may take to come back before it is offline.
    package var reconnectGraceMilliseconds: Int64 = 2_000
    /// After a coordinator's start, how long nodes with living attempts may take to dial in.
    package var recoveryGraceMilliseconds: Int64 = 15_000
    /// An assigned attempt whose node never reports a start is lost after this.
    package var startTimeoutMilliseconds: Int64 = 30_000
    /// Between TERM and KILL.
    package var cancelGraceMilliseconds: Int64 = 5_000
    /// Beyond a task's own time-out, how long the node has to report before the coordinator gives the attempt up.
    package var timeoutSlackMilliseconds: Int64 = 15_000
    /// How long new failovers are stopped at most once half of the nodes or more (and at least two) cannot be heard;
    /// after it, the silence is believed.
    package var failoverPauseMilliseconds: Int64 = 30_000
    /// A tick this much after its deadline means that the coordinator itself was held up (stopped, asleep, starved):
    /// silence of the nodes in that time proves nothing and is measured anew.
    package var latenessMilliseconds: Int64 = 1_000
    /// How a task's node is chosen among those that may take it and have room.
    package var placement = PlacementRule.balanced
    /// Attempts living on one node at most, however little each asks for; more tasks wait in the queue.
    package var maxAttemptsPerNode = 4_096
    /// Living tasks at most; more are refused with RESOURCE_EXHAUSTED.
    package var maxLiveTasks = 1_000_000
    /// Feeds the jitter. The loop draws it once per start.
    package var seed: UInt64 = 1

    package init() {}
}
