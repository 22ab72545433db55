/// A machine of the grid as it is kept: what it is, what it has, and what its owner said of it.
package struct Node: Sendable, Hashable {
    package let name: NodeName
    package var role: NodeRole
    package var link: LinkKind
    /// Where it was last seen from, or where it is to be reached.
    package var address: String
    package var inventory: NodeInventory
    package var schedulability: Schedulability
    package var labels: [String: String]
    /// Registered by a program that speaks for it (`RegisterNode`): shown, never given a task.
    package var isExternal: Bool
    /// When what still runs on a draining node is moved; nil when it may take its time.
    package var drainDeadline: Timestamp?
    /// How long it was known to take to answer when that was kept last, rounded up; 0: nothing out of the ordinary.
    package var answerMilliseconds: Int64 = 0
    /// It is draining for its risk, and is opened again when that is past.
    package var isDrainedForRisk = false

    package init(
        name: NodeName, role: NodeRole = .compute, link: LinkKind = .agent, address: String = "",
        inventory: NodeInventory = NodeInventory(), schedulability: Schedulability = .open,
        labels: [String: String] = [:], isExternal: Bool = false
    ) {
        self.name = name
        self.role = role
        self.link = link
        self.address = address
        self.inventory = inventory
        self.schedulability = schedulability
        self.labels = labels
        self.isExternal = isExternal
    }
}

package enum NodeRole: Sendable, Hashable {
    case primary, secondary, compute
    /// As an external program gave it.
    case other(String)

    package init(_ text: String) {
        switch text {
        case "primary": self = .primary
        case "secondary": self = .secondary
        case "compute": self = .compute
        default: self = .other(text)
        }
    }

    package var text: String {
        switch self {
        case .primary: "primary"
        case .secondary: "secondary"
        case .compute: "compute"
        case .other(let text): text
        }
    }
}

/// How the coordinator reaches a node.
package enum LinkKind: String, Sendable, Hashable, CaseIterable {
    /// The coordinator's own machine: an agent beside it, over loopback.
    case local
    /// The node dials in.
    case agent
    /// Nothing of ours runs there: OpenSSH's client beside the coordinator reaches it.
    case ssh
    /// Nor there: a Windows host, reached through its own remote management.
    case winrm
}

/// What the coordinator believes of a node's life.
package enum NodeLiveness: String, Sendable, Hashable, CaseIterable {
    /// Connected and heard from.
    case online
    /// Silent or cut off for a moment: nothing new is placed there, nothing is taken away.
    case suspect
    /// Gone; what it ran is treated by each task's `onLost`.
    case offline
}

/// What a node's owner allows.
package enum Schedulability: String, Sendable, Hashable, CaseIterable {
    case open
    /// Nothing new; what runs may finish.
    case cordoned
    /// As cordoned, and reported as drained when the last attempt ends.
    case draining
}

/// What a node has, as it said when it connected.
package struct NodeInventory: Sendable, Hashable {
    package var os: String
    package var osVersion: String
    package var arch: String
    package var hostname: String
    package var cores: Int
    package var memoryBytes: Int64
    package var diskBytes: Int64
    package var gpus: [GPU]
    package var agentVersion: String
    /// Found programs and other facts, by name: `python3` → `3.11.2`.
    package var capabilities: [String: String]
    /// What else is counted, by name, and how many there are: `license.matlab` → 2.
    package var custom: [String: Int64]
    /// It runs only what a signer that it trusts has signed. It sees to that itself; others need not be sent there.
    package var requiresSignatures = false

    package init(
        os: String = "", osVersion: String = "", arch: String = "", hostname: String = "", cores: Int = 0,
        memoryBytes: Int64 = 0, diskBytes: Int64 = 0, gpus: [GPU] = [], agentVersion: String = "",
        capabilities: [String: String] = [:], custom: [String: Int64] = [:]
    ) {
        self.os = os
        self.osVersion = osVersion
        self.arch = arch
        self.hostname = hostname
        self.cores = cores
        self.memoryBytes = memoryBytes
        self.diskBytes = diskBytes
        self.gpus = gpus
        self.agentVersion = agentVersion
        self.capabilities = capabilities
        self.custom = custom
    }
}

package struct GPU: Sendable, Hashable {
    package var index: Int
    package var model: String
    package var memoryBytes: Int64
    /// As the vendor's tool names it; empty when it does not.
    package var uuid: String
    package var driver: String
    /// Its memory is the node's own (Apple silicon): a share of one draws on the other.
    package var isUnified: Bool

    package init(
        index: Int, model: String, memoryBytes: Int64, uuid: String = "", driver: String = "", isUnified: Bool = false
    ) {
        self.index = index
        self.model = model
        self.memoryBytes = memoryBytes
        self.uuid = uuid
        self.driver = driver
        self.isUnified = isUnified
    }
}

/// One heartbeat's measurements. Percentages are 0 ... 100.
package struct NodeSample: Sendable, Hashable {
    package var cpuPercent: Double
    package var memoryPercent: Double
    package var memoryAvailableBytes: Int64
    package var diskFreeBytes: Int64
    package var load1: Double
    package var gpus: [GPUSample]
    package var runningAttempts: Int
    /// The node's wall clock when it sent this, for the skew.
    package var sentAt: Timestamp
    /// Round trip of the previous heartbeat as the agent measured it; 0 before the first.
    package var roundTripMicroseconds: Int64
    /// How long the machine slept since the heartbeat before.
    package var sleptMilliseconds: Int64 = 0
    /// Of the processors, the hottest; 0 when it is not known.
    package var temperatureCelsius = 0.0
    /// The processors run slower for their heat.
    package var isThrottled = false

    package init(
        cpuPercent: Double = 0, memoryPercent: Double = 0, memoryAvailableBytes: Int64 = 0, diskFreeBytes: Int64 = 0,
        load1: Double = 0, gpus: [GPUSample] = [], runningAttempts: Int = 0,
        sentAt: Timestamp = Timestamp(microseconds: 0), roundTripMicroseconds: Int64 = 0
    ) {
        self.cpuPercent = cpuPercent
        self.memoryPercent = memoryPercent
        self.memoryAvailableBytes = memoryAvailableBytes
        self.diskFreeBytes = diskFreeBytes
        self.load1 = load1
        self.gpus = gpus
        self.runningAttempts = runningAttempts
        self.sentAt = sentAt
        self.roundTripMicroseconds = roundTripMicroseconds
    }
}

package struct GPUSample: Sendable, Hashable {
    package var index: Int
    package var utilizationPercent: Double
    package var memoryUsedBytes: Int64
    package var temperatureCelsius: Double
    /// The driver runs it slower for its heat or its power.
    package var isThrottled = false
    /// Errors of its memory that could not be corrected, and Xid events, as counted since the machine or the driver
    /// started; nil when neither is told.
    package var errorCount: Int64?
    /// The programs that hold its memory, when the vendor's tool names them.
    package var holders: [GPUHolder]

    package init(
        index: Int, utilizationPercent: Double = 0, memoryUsedBytes: Int64 = 0, temperatureCelsius: Double = 0,
        holders: [GPUHolder] = []
    ) {
        self.index = index
        self.utilizationPercent = utilizationPercent
        self.memoryUsedBytes = memoryUsedBytes
        self.temperatureCelsius = temperatureCelsius
        self.holders = holders
    }
}

/// A program that holds memory of a GPU.
package struct GPUHolder: Sendable, Hashable {
    package var pid: Int32
    package var program: String
    package var memoryBytes: Int64
    /// It belongs to an attempt of this grid.
    package var isAttempt: Bool

    package init(pid: Int32, program: String, memoryBytes: Int64, isAttempt: Bool = false) {
        self.pid = pid
        self.program = program
        self.memoryBytes = memoryBytes
        self.isAttempt = isAttempt
    }
}
