package import GridModel

/// What an agent is told when it starts. The keys are those of `[[node]]` and of `[coordinator]` in the configuration.
package struct AgentSettings: Sendable {
    package var name: NodeName
    package var role: String
    package var link: LinkKind
    package var cluster: String
    package var coordinatorHost: String
    package var coordinatorPort: Int
    /// The coordinator's edge listener, for a node whose certificate has ended; port 0: it cannot come back by itself.
    package var edgeHost = ""
    package var edgePort = 0
    /// `nodes/<name>`: holds `spool`, `attempts` and `work`.
    package var folder: String
    package var version: String
    /// Output of one attempt that the coordinator has not taken yet. Beyond it the program is not read.
    package var maxUnackedBytes = 8 << 20
    /// Output in one message, at most.
    package var maxMessageOutputBytes = 256 << 10
    /// How long an attempt's first words wait for its end, so that small results travel in one piece.
    package var holdBackMilliseconds: Int64 = 10
    /// Between heartbeats, until the coordinator says otherwise.
    package var heartbeatMilliseconds: Int64 = 500
    /// A coordinator that says nothing for so long is dialled anew.
    package var silenceMilliseconds: Int64 = 5_000
    package var backoffFirstMilliseconds: Int64 = 100
    package var backoffLimitMilliseconds: Int64 = 5_000
    /// When the agent is stopped: between TERM and KILL for what it runs.
    package var stopGraceMilliseconds: Int64 = 2_000
    /// What the machine's owner says of it, and what is counted there, within `NodeLimits`; told in every hello.
    package var labels: [String: String] = [:]
    package var resources: [String: Int64] = [:]
    /// Takes only tasks that a trusted signer signed.
    package var requiresSignatures = false
    /// Public keys of trusted signers, as the configuration names them.
    package var trustedSigners: [String] = []
    /// More of them, a line each; read again whenever it changes. Nil: none.
    package var trustedSignersFile: String?
    /// How often the GPUs are asked, where there are any.
    package var gpuSampleMilliseconds: Int64 = 5_000

    package init(
        name: NodeName, role: String, link: LinkKind, cluster: String, coordinatorHost: String, coordinatorPort: Int,
        folder: String, version: String = ""
    ) {
        self.name = name
        self.role = role
        self.link = link
        self.cluster = cluster
        self.coordinatorHost = coordinatorHost
        self.coordinatorPort = coordinatorPort
        self.folder = folder
        self.version = version
    }
}
