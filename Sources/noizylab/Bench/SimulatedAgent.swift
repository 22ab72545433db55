import Foundation
import GRPCCore
import GridIdentity
import GridTransport
import GridWire
import NoizyClient
import Synchronization

/// An agent without a machine: a connection and a certificate of its own, heartbeats, and an answer at once to every echo.
///
/// To the coordinator it is an agent like any other; only the programs that it does not run are missing.
struct SimulatedAgent: Sendable {
    var number: Int
    var endpoint: GridEndpoint
    var credentials: CertificateFiles
    var loops: TransportLoops

    static func name(_ number: Int) -> String { "sim-\(number)" }

    /// Until it is cancelled. `beats` says when to send a heartbeat.
    func run(beats: AsyncStream<UInt64>, onWelcome: @escaping @Sendable () -> Void) async throws {
        let transport = try Transports.client(
            host: endpoint.host, port: endpoint.port, credentials: credentials, loops: loops, loop: number)
        try await withTaskExecutorPreference(loops.executor(number)) {
            try await withGRPCClient(transport: transport) { client in
                try await link(
                    Noizylab_Grid_AgentLink.Client(wrapping: client), beats: beats, onWelcome: onWelcome)
            }
        }
    }

    private func link(
        _ client: some Noizylab_Grid_AgentLink.ClientProtocol, beats: AsyncStream<UInt64>,
        onWelcome: @escaping @Sendable () -> Void
    ) async throws {
        let pending = PendingMessage()
        let (turns, turn) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for await beat in beats {
                    pending.add(heartbeat: sample(), number: beat)
                    turn.yield()
                }
            }
            try await client.connect { writer in
                try await writer.write(hello())
                for await _ in turns {
                    try await writer.write(pending.take())
                }
            } onResponse: { response in
                for try await message in response.messages {
                    if message.hasWelcome { onWelcome() }
                    let reports = message.orders.flatMap(Self.reports)
                    guard !reports.isEmpty else { continue }
                    pending.add(reports)
                    turn.yield()
                }
            }
            group.cancelAll()
        }
    }

    private func hello() -> Noizylab_Grid_FromAgent {
        var message = Noizylab_Grid_FromAgent()
        message.hello.inventory.os = "linux"
        message.hello.inventory.arch = "x86_64"
        message.hello.inventory.hostname = Self.name(number)
        message.hello.inventory.cores = 8
        message.hello.inventory.memoryBytes = 16 << 30
        message.hello.inventory.agentVersion = "simulated"
        message.hello.role = "compute"
        message.hello.link = "agent"
        message.hello.instance = UInt64(number) + 1
        message.hello.protocol = 1
        return message
    }

    private func sample() -> Noizylab_Grid_NodeSample {
        var sample = Noizylab_Grid_NodeSample()
        sample.cpuPercent = 1
        sample.memoryPercent = 10
        sample.memoryAvailableBytes = 14 << 30
        sample.sentAtUs = Int64(Date().timeIntervalSince1970 * 1e6)
        return sample
    }

    private static func reports(_ order: Noizylab_Grid_AgentOrder) -> [Noizylab_Grid_AttemptReport] {
        guard case .start(let start) = order.order else { return [] }
        var report = Noizylab_Grid_AttemptReport()
        report.task = order.task
        report.epoch = order.epoch
        report.started = true
        let started = report
        var outcome = Noizylab_Grid_AttemptOutcome()
        outcome.end = "succeeded"
        outcome.exitCode = 0
        outcome.hasInlineOutput_p = true
        outcome.stdout = Data(start.spec.echo.text.utf8)
        report.finished = outcome
        return [started, report]
    }
}

/// What the agent is to say next.
private final class PendingMessage: Sendable {
    private let message = Mutex(Noizylab_Grid_FromAgent())

    func add(heartbeat: Noizylab_Grid_NodeSample, number: UInt64) {
        message.withLock { message in
            message.heartbeat = heartbeat
            message.heartbeatNumber = number
        }
    }

    func add(_ reports: [Noizylab_Grid_AttemptReport]) { message.withLock { $0.reports += reports } }

    func take() -> Noizylab_Grid_FromAgent {
        message.withLock { message in
            defer { message = Noizylab_Grid_FromAgent() }
            return message
        }
    }
}
