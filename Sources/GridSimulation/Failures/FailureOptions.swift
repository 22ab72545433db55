package import GridLogic

/// The world in which the judge of life and death is tried. The same options give the same run.
package struct FailureOptions: Sendable {
    package var seed: UInt64 = 1
    package var nodes = 20
    /// Of 30 days, for each node.
    package var months = 1.0
    /// Of single messages, each way: 0 ..< 1.
    package var loss = 0.05
    /// Mean of the delay beyond the least, exponential: milliseconds.
    package var jitterMilliseconds = 20.0
    /// Of the whole agent, its heartbeat too: an hour, and the mean length of one, exponential.
    package var pausesPerHour = 12.0
    package var pauseMilliseconds = 100.0
    /// Of the agent's work alone. They hold up heartbeats only when the two share a thread.
    package var stallsPerHour = 60.0
    package var stallMilliseconds = 1_000.0
    package var isThreadShared = false
    /// Times in which nothing comes through: an hour, and the mean length of one, exponential.
    package var outagesPerHour = 0.0
    package var outageMilliseconds = 500.0
    /// Real deaths of a node in a month, half of them of the agent's process alone, half cuts and frozen machines.
    package var deathsPerMonth = 30.0
    /// Of the coordinator itself, and how long one lasts on average.
    package var coordinatorPausesPerDay = 4.0
    package var coordinatorPauseMilliseconds = 3_000.0
    package var heartbeatMilliseconds: Int64 = 500
    package var settings = GridSettings()

    package init() {}

    package static let nodeLimit = 10_000
}
