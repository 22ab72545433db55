package import GridModel

/// What a node's risk is told from.
package enum RiskMetric: Hashable, Sendable {
    case cpu, memory, disk, roundTrip, heartbeat, connection, taskFailures
    /// Of the processors.
    case temperature, throttling
    case gpuTemperature(index: Int)
    case gpuThrottling(index: Int)
    /// Uncorrectable memory errors and Xid events, counted by the driver.
    case gpuErrors(index: Int)

    package var text: String {
        switch self {
        case .cpu: "processor"
        case .memory: "memory"
        case .disk: "disk"
        case .roundTrip: "round trip"
        case .heartbeat: "heartbeats"
        case .connection: "connection"
        case .taskFailures: "task failures"
        case .temperature: "temperature"
        case .throttling: "throttling"
        case .gpuTemperature(let index): "GPU \(index) temperature"
        case .gpuThrottling(let index): "GPU \(index) throttling"
        case .gpuErrors(let index): "GPU \(index) errors"
        }
    }

    /// How much an unusual reading of it says about the node's future when nothing else is wrong. A processor is busy
    /// in unusual ways every day; a hot GPU or late heartbeats are the beginning of something.
    var weightOfUnusual: Double {
        switch self {
        case .cpu: 0.15
        case .memory, .roundTrip: 0.3
        case .heartbeat, .temperature, .gpuTemperature: 0.4
        case .disk, .connection, .taskFailures, .throttling, .gpuThrottling, .gpuErrors: 0
        }
    }
}

/// One reason for a node's risk.
package struct RiskEvidence: Sendable, Hashable {
    package var metric: RiskMetric
    /// Of this reason alone, 0 ... 1.
    package var risk: Double
    package var since: Timestamp
    /// A sentence's end: "93 °C, unusual (0.71)".
    package var detail: String

    package var text: String { "\(metric.text): \(detail)" }
}

/// What all evidence together comes to.
package struct RiskAssessment: Sendable, Hashable {
    package var level: RiskLevel
    /// 0 ... 1: that at least one of the reasons is right, were they independent.
    package var risk: Double
    /// The gravest first.
    package var evidence: [RiskEvidence]
}
