package import GridWire
import SwiftProtobuf

import struct Foundation.Data

/// What a program asks the grid to do.
public struct TaskRequest: Sendable, Hashable {
    public enum Work: Sendable, Hashable {
        /// A program and its arguments; no shell sees them.
        case command([String])
        /// Text for an interpreter: `sh`, `bash`, `python`, `powershell`, `pwsh` or `cmd`.
        case script(interpreter: String, String)
        /// Comes back as it is.
        case echo(String)
        /// `ping`, `tcp`, `dns` or `traceroute`, seen from the node.
        case network(check: String, host: String, port: Int)
    }

    /// What becomes of the task when its node is lost while it runs.
    public enum LostPolicy: String, Sendable, Hashable, CaseIterable {
        case retry, wait, fail
    }

    public var work: Work
    /// Nil: the grid chooses.
    public var node: String?
    /// What its node must be: `os == "linux" && gpu.memory >= 8GiB`. Empty: any will do.
    public var constraint = ""
    /// Cores, in thousandths; 0 asks for nothing.
    public var cpuMillis: Int64 = 0
    public var memoryBytes: Int64 = 0
    public var gpus = 0
    public var gpuMemoryBytes: Int64 = 0
    public var diskBytes: Int64 = 0
    /// So many of what the owner of a node counts.
    public var resources: [String: Int64] = [:]
    /// -100 ... 100; higher goes first.
    public var priority = 0
    /// Attempts after the first.
    public var retries = 0
    /// For each attempt, from its start. Nil: none.
    public var timeout: Duration?
    /// For being placed the first time. Nil: none.
    public var queueTimeout: Duration?
    public var onLost = LostPolicy.retry
    /// Silence of its node after which an attempt is given up, when that is longer than the grid's own patience.
    public var lostAfter: Duration?
    /// Kept in memory only: for work that the caller repeats itself.
    public var isEphemeral = false
    public var environment: [String: String] = [:]
    /// Added to it, and seen by nobody but the task: sealed in the store, and erased when the task has ended.
    public var secrets: [String: GridSecret] = [:]
    /// Empty: a fresh folder of its own.
    public var workingDirectory = ""
    public var standardInput: [UInt8] = []
    public var outputLimitBytes: Int64 = 0
    public var metadata: [String: String] = [:]
    /// The same key names the same task, however often it is submitted.
    public var key = ""
    /// A signature that nodes verify themselves: see `TaskSigner`. It covers everything above; sign last.
    public internal(set) var envelope: [UInt8] = []

    public init(_ work: Work) { self.work = work }

    public static func command(_ arguments: String...) -> TaskRequest { TaskRequest(.command(arguments)) }
    public static func echo(_ text: String) -> TaskRequest { TaskRequest(.echo(text)) }

    package var message: Noizylab_Grid_TaskSpec {
        .with { spec in
            switch work {
            case .command(let arguments): spec.command = command { $0.arguments = arguments }
            case .script(let interpreter, let text):
                spec.command = command {
                    $0.interpreter = interpreter
                    $0.script = text
                }
            case .echo(let text): spec.echo = .with { $0.text = text }
            case .network(let check, let host, let port):
                spec.network = .with {
                    $0.kind = check
                    $0.host = host
                    $0.port = UInt32(clamping: port)
                }
            }
            spec.node = node ?? ""
            spec.where = constraint
            if cpuMillis != 0 || memoryBytes != 0 || gpus != 0 || gpuMemoryBytes != 0 || diskBytes != 0
                || !resources.isEmpty
            {
                spec.resources = .with {
                    $0.cpuMillis = cpuMillis
                    $0.memoryBytes = memoryBytes
                    $0.gpus = UInt32(clamping: gpus)
                    $0.gpuMemoryBytes = gpuMemoryBytes
                    $0.diskBytes = diskBytes
                    $0.custom = resources
                }
            }
            spec.priority = Int32(clamping: priority)
            spec.retries = UInt32(clamping: retries)
            spec.timeoutMs = timeout?.milliseconds ?? 0
            spec.queueTimeoutMs = queueTimeout?.milliseconds ?? 0
            spec.onLost = onLost.rawValue
            spec.lostAfterMs = lostAfter?.milliseconds ?? 0
            spec.durability = isEphemeral ? "ephemeral" : "durable"
            spec.outputLimitBytes = outputLimitBytes
            spec.metadata = metadata
            if !envelope.isEmpty { spec.envelope = Data(envelope) }
        }
    }

    private func command(
        _ fill: (inout Noizylab_Grid_CommandPayload) -> Void
    ) -> Noizylab_Grid_CommandPayload {
        .with { command in
            fill(&command)
            command.environment = environment
            command.secrets = secrets.mapValues { $0.reveal() }
            command.workingDirectory = workingDirectory
            command.standardInput = Data(standardInput)
        }
    }
}

/// A text that prints as `***`, also in a dump.
public struct GridSecret: Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    private let text: String

    public init(_ text: String) { self.text = text }

    func reveal() -> String { text }

    public var description: String { "***" }
    public var debugDescription: String { "***" }
    public var customMirror: Mirror { Mirror(self, children: []) }
}

extension Duration {
    /// Rounded up, so that a short time never becomes none; saturates.
    package var milliseconds: Int64 {
        let (seconds, attoseconds) = components
        let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000)
        guard !overflow else { return seconds > 0 ? .max : .min }
        let rest = (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
        return whole.addingReportingOverflow(rest).overflow ? .max : whole + rest
    }
}
