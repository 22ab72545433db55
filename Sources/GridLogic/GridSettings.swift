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
    /// Clients that wait take turns, however many tasks each has queued; otherwise all wait in one line.
    package var fairShare = true
    /// Tasks that wait may end attempts of tasks with a lower priority and `onLost = retry`, of each task at most so
    /// many; looked at in this interval, so that room which comes by itself comes first.
    package var preempts = false
    package var preemptionLimit = 3
    package var preemptionIntervalMilliseconds: Int64 = 500
    /// Attempts that may be ended so at once: this share of all that live, but not less than so many; as many again in ten
    /// seconds. Who gives a thousand tasks the highest priority by mistake can be stopped before all work is.
    package var preemptionShare = 0.125
    package var preemptionLeast = 8
    /// Silence after which a node is suspect, and after which it is lost (offline) if it answers no question either:
    /// two heartbeats and a little, and a burst of questions. Nodes that are known to answer slowly get longer.
    package var suspectAfterMilliseconds: Int64 = 1_100
    package var offlineAfterMilliseconds: Int64 = 1_800
    /// Between two questions to a suspect node, and how many are asked in so quick a succession.
    package var probeIntervalMilliseconds: Int64 = 100
    package var probeBurst = 6
    /// How long a node whose connection closed may take to come back before it is lost. An agent that lives dials in
    /// again within some tens of milliseconds.
    package var reconnectGraceMilliseconds: Int64 = 150
    /// When another node reaches a suspect one, how much longer each such word makes us wait, and the silence beyond
    /// which nobody's word helps.
    package var vouchSpanMilliseconds: Int64 = 1_000
    package var vouchLimitMilliseconds: Int64 = 4_000
    /// A node that takes so long to answer, on average, is slow: alive, waited for, and used last.
    package var slowAfterMilliseconds: Int64 = 750
    /// The longest answer that is believed.
    package var learnedAnswerLimitMilliseconds: Int64 = 4_000
    /// The coordinator's own delays that are ordinary; longer ones are taken out of every node's silence.
    package var hearingToleranceMilliseconds: Int64 = 100
    /// How long silent nodes are borne with after enough of the others were heard again.
    package var patienceMilliseconds: Int64 = 2_000
    /// Nodes given up within this time count as unheard for the brake.
    package var lossWindowMilliseconds: Int64 = 60_000
    /// A node is quarantined at so many comebacks, of which one is forgiven in each leak; first for so long, twice as
    /// long each time, to the limit.
    package var flapLimit = 3.0
    package var flapLeakMilliseconds: Int64 = 120_000
    package var quarantineFirstMilliseconds: Int64 = 10_000
    package var quarantineLimitMilliseconds: Int64 = 600_000
    /// Failures, or refusals, in a row that open the circuit of a node and a task type while others succeed; how long
    /// it stays open the first time, twice as long each time, to the limit.
    package var circuitFailures = 5
    package var circuitRefusals = 3
    package var circuitFirstMilliseconds: Int64 = 10_000
    package var circuitLimitMilliseconds: Int64 = 300_000
    /// What follows when a node's risk is high, and how many nodes' usual measurements are learnt, for 18 KiB each of
    /// five metrics and every GPU; the others are judged by facts alone.
    package var risk = RiskRule.tell
    package var riskLearnedNodes = 2_048
    /// A task whose running attempts went down with so many different nodes is taken for the reason, and ends.
    package var poisonNodeLimit = 3
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
    /// Of one client, so that nobody alone uses up what the grid takes.
    package var maxLiveTasksPerClient = 500_000
    /// Feeds the jitter. The loop draws it once per start.
    package var seed: UInt64 = 1

    package init() {}
}
