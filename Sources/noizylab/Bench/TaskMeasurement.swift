import GridWire

/// Processor time per task, by process, in microseconds.
struct CPUPerTask: Encodable, Sendable {
    var clientMicroseconds = 0.0
    var coordinatorMicroseconds = 0.0
    var agentsMicroseconds = 0.0

    var total: Double { clientMicroseconds + coordinatorMicroseconds + agentsMicroseconds }

    init() {}

    init(from begin: GridProcesses.Times, to end: GridProcesses.Times, tasks: Int) {
        let nanoseconds = 1000 * Double(max(1, tasks))
        clientMicroseconds = (end.client - begin.client) / nanoseconds
        coordinatorMicroseconds = (end.coordinator - begin.coordinator) / nanoseconds
        agentsMicroseconds = (end.agents - begin.agents) / nanoseconds
    }

    private enum CodingKeys: String, CodingKey {
        case clientMicroseconds = "client_us"
        case coordinatorMicroseconds = "coordinator_us"
        case agentsMicroseconds = "agents_us"
    }
}

/// One leg of a task's way. The coordinator's clock tells most of them; what is left of the client's own time is the way
/// between the two, there and back: their clocks are not compared.
enum Hop: String, CaseIterable, Sendable {
    case clientAndBack = "client ↔ coordinator, both ways"
    case admission = "arrived → accepted"
    case commit = "accepted → committed"
    case linkAndBack = "coordinator ↔ agent, both ways"
    case node = "on the node, order → report"
    case settling = "reported → settled"
}

/// What a load gave.
struct TaskMeasurement: Sendable {
    private(set) var latency = LatencyHistogram()
    private(set) var hops: [Hop: LatencyHistogram] = [:]
    /// How many ended in another state than succeeded, by what was said of them.
    private(set) var failures: [String: Int] = [:]
    var wallSeconds: Double
    var cpu: CPUPerTask

    init(latency: LatencyHistogram = LatencyHistogram(), wallSeconds: Double = 0, cpu: CPUPerTask = CPUPerTask()) {
        self.latency = latency
        self.wallSeconds = wallSeconds
        self.cpu = cpu
    }

    var count: Int { Int(latency.count) }
    var rate: Double { wallSeconds > 0 ? Double(count) / wallSeconds : 0 }

    mutating func record(_ result: Noizylab_Grid_TaskResult, nanoseconds: UInt64) {
        latency.record(nanoseconds)
        if result.state != "succeeded" {
            let said = result.hasRefusal ? result.refusal.message : "\(result.state) \(result.error)"
            failures[said, default: 0] += 1
        }
        guard result.hasHops else { return }
        let times = result.hops
        let total = Int64(clamping: nanoseconds) / 1000
        record(.clientAndBack, total - times.settledUs)
        record(.admission, times.acceptedUs)
        record(.commit, times.committedUs - times.acceptedUs)
        record(.linkAndBack, times.reportedUs - times.committedUs - times.nodeUs)
        record(.node, times.nodeUs)
        record(.settling, times.settledUs - times.reportedUs)
    }

    /// What another load gave at the same time, or under the same conditions.
    mutating func merge(_ other: TaskMeasurement) {
        latency.merge(other.latency)
        for (hop, histogram) in other.hops { hops[hop, default: LatencyHistogram()].merge(histogram) }
        failures.merge(other.failures, uniquingKeysWith: +)
        wallSeconds = max(wallSeconds, other.wallSeconds)
    }

    private mutating func record(_ hop: Hop, _ microseconds: Int64) {
        hops[hop, default: LatencyHistogram()].record(UInt64(max(0, microseconds)) * 1000)
    }
}
