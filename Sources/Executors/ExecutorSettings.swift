package import GridModel

/// Where and how a node runs programs.
package struct ExecutorSettings: Sendable {
    /// Named in messages and in `NOIZYLAB_NODE`.
    package var node: NodeName
    /// Holds a scratch folder for each attempt while it runs.
    package var workFolder: String
    /// Holds the record by which an attempt's process is found again after the agent was killed.
    package var recordsFolder: String
    /// What programs get of the agent's own environment.
    package var environment: BaseEnvironment
    /// Threads that start, read and reap programs. One starts some 1,500 programs a second.
    package var loops = 1
    /// How long output may stay silent, after a program ended and left others holding its outputs, before those are
    /// ended too; and how long they may go on at most.
    package var lingerQuietMilliseconds: Int64 = 300
    package var lingerLimitMilliseconds: Int64 = 10_000
    /// Between TERM and KILL when the time-out ends an attempt.
    package var timeoutGraceMilliseconds: Int64 = 2_000

    package init(
        node: NodeName, workFolder: String, recordsFolder: String, environment: BaseEnvironment = .ofThisProcess()
    ) {
        self.node = node
        self.workFolder = workFolder
        self.recordsFolder = recordsFolder
        self.environment = environment
    }
}
