package import GridIdentity
package import GridLogic
package import GridModel
package import GridStore
package import GridTransport

/// What a coordinator is told at its start.
package struct CoordinatorSettings: Sendable {
    /// The grid's name; it stands in every certificate.
    package var cluster = "NOIZYLAB"
    /// The machine this coordinator runs on.
    package var node: NodeName
    /// The mutual TLS listener: agents and everybody with a certificate. Port 0: a free one.
    package var listenHost = "0.0.0.0"
    package var listenPort = 50_051
    /// The listener with server TLS alone, where machines without a certificate ask for one.
    package var edgeHost = "0.0.0.0"
    package var edgePort = 50_052
    /// Further names and addresses by which clients reach it; its own are found.
    package var names: [String] = []
    /// Where nodes are that an agent beside the coordinator speaks for: the link's own address is this machine's.
    package var roadAddresses: [NodeName: String] = [:]
    /// NOIZYLAB_HOME.
    package var folder: String
    package var version: String
    package var grid = GridSettings()
    package var loop = LoopSettings()
    package var store = StoreSettings()
    package var output = OutputSettings()
    package var transport = TransportSettings()
    /// What each caller may ask of it.
    package var limits = CallLimits()
    package var certificates = CertificateLifetimes()
    /// Kept bytes per output stream when the task does not say.
    package var outputLimitBytes: Int64 = 64 << 20
    /// The run time-out of tasks of `NoizyGridRPC` that give none.
    package var defaultTimeoutMilliseconds: Int64 = 3_600_000
    /// Unanswered submissions of one `RunTasks` stream; more are refused one by one.
    package var streamInFlightLimit = 16_384
    /// Output that fits in one answer of `NoizyGridRPC`: below the 4 MiB that stock clients accept.
    package var answerOutputLimitBytes = 3 << 20
    /// How long ended tasks and their output are kept, and events; and output in all, the oldest going first.
    package var taskRetentionSeconds: Int64 = 7 * 86_400
    package var eventRetentionSeconds: Int64 = 30 * 86_400
    /// The audit: how long, and how many entries at most.
    package var auditRetentionSeconds: Int64 = 365 * 86_400
    package var auditEntryLimit = 1_000_000
    package var outputRetentionBytes: Int64 = 20 << 30
    /// How long a stopping coordinator waits for streams to end by themselves.
    package var shutdownMilliseconds: Int64 = 5_000
    /// Event loops. One serves two cores best (docs/benchmarks.md).
    package var eventLoops = 1

    package init(node: NodeName, folder: String, version: String) {
        self.node = node
        self.folder = folder
        self.version = version
    }

    package var storeFolder: String { "\(folder)/store" }
    package var authorityFolder: String { "\(folder)/pki/ca" }
    /// By which the secrets of living tasks are sealed in the store.
    package var vaultKey: String { "\(folder)/pki/secrets.key" }
    package var credentialsFolder: String { "\(folder)/pki/coordinator" }
}
