import Agent
import Executors
import Foundation
import GRPCCore
import GridIdentity
import GridModel
import GridTransport
import GridWire
import Logging
import Synchronization
import Testing

/// Plays the coordinator over a real connection: welcomes agents, keeps what they tell, and sends what a test says.
final class ScriptedCoordinator: Noizylab_Grid_AgentLink.SimpleServiceProtocol {
    struct Seen: Sendable {
        var hellos: [Noizylab_Grid_AgentHello] = []
        var heartbeats: [NodeSample] = []
        var reports: [AttemptReport] = []
        /// In the order of arrival, without what was repeated.
        var output: [AttemptRef: [UInt8]] = [:]
        var finished: Set<AttemptRef> = []
        var gaps = 0
        var messages = 0
    }

    private struct State {
        var seen = Seen()
        var connection: AsyncStream<Noizylab_Grid_ToAgent>.Continuation?
        var acknowledges = true
        var waiters: [(isMet: @Sendable (Seen) -> Bool, continuation: CheckedContinuation<Void, Never>)] = []
    }

    private let state = Mutex(State())

    func connect(
        request: RPCAsyncSequence<Noizylab_Grid_FromAgent, any Error>, response: RPCWriter<Noizylab_Grid_ToAgent>,
        context: ServerContext
    ) async throws {
        let (messages, connection) = AsyncStream.makeStream(of: Noizylab_Grid_ToAgent.self)
        state.withLock { $0.connection = connection }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { for try await message in request { self.take(message, connection) } }
            group.addTask { for await message in messages { try await response.write(message) } }
            try await group.next()
            group.cancelAll()
        }
    }

    private func take(
        _ message: Noizylab_Grid_FromAgent, _ connection: AsyncStream<Noizylab_Grid_ToAgent>.Continuation
    ) {
        var answer = Noizylab_Grid_ToAgent()
        let met = state.withLock { state in
            state.seen.messages += 1
            if message.hasHello {
                state.seen.hellos.append(message.hello)
                answer.welcome.cluster = "TEST"
                answer.welcome.heartbeatMs = 100
                answer.welcome.resume = message.hello.attempts.compactMap { ref in
                    (try? ref.model()).map {
                        Noizylab_Grid_OutputAck($0, offset: Int64(state.seen.output[$0]?.count ?? 0))
                    }
                }
            }
            if message.hasHeartbeat { state.seen.heartbeats.append(message.heartbeat.model()) }
            answer.heartbeatNumber = message.heartbeatNumber
            for output in message.output {
                guard let ref = try? output.ref() else { continue }
                var bytes = state.seen.output[ref] ?? []
                for chunk in output.chunks {
                    if chunk.offset != Int64(bytes.count) { state.seen.gaps += 1 }
                    bytes += chunk.data
                }
                state.seen.output[ref] = bytes
                if state.acknowledges {
                    answer.outputAcks.append(Noizylab_Grid_OutputAck(ref, offset: Int64(bytes.count)))
                }
            }
            for report in message.reports.compactMap({ try? $0.model() }) {
                state.seen.reports.append(report)
                if case .finished(let ref, _) = report { state.seen.finished.insert(ref) }
            }
            let seen = state.seen
            let met = state.waiters.filter { $0.isMet(seen) }
            state.waiters.removeAll { $0.isMet(seen) }
            return met
        }
        if answer != Noizylab_Grid_ToAgent() { connection.yield(answer) }
        for waiter in met { waiter.continuation.resume() }
    }

    var seen: Seen { state.withLock { $0.seen } }

    func wait(until isMet: @escaping @Sendable (Seen) -> Bool) async {
        await withCheckedContinuation { continuation in
            let isMetNow = state.withLock { state in
                if isMet(state.seen) { return true }
                state.waiters.append((isMet, continuation))
                return false
            }
            if isMetNow { continuation.resume() }
        }
    }

    func outcome(_ ref: AttemptRef) async -> AttemptOutcome? {
        await wait { $0.finished.contains(ref) }
        for case .finished(ref, let outcome) in seen.reports { return outcome }
        return nil
    }

    func send(_ orders: [Order]) {
        var message = Noizylab_Grid_ToAgent()
        message.orders = orders.map { Noizylab_Grid_AgentOrder($0) }
        state.withLock { _ = $0.connection?.yield(message) }
    }

    func send(_ message: Noizylab_Grid_ToAgent) { state.withLock { _ = $0.connection?.yield(message) } }

    func acknowledge(_ isOn: Bool) { state.withLock { $0.acknowledges = isOn } }

    /// Ends the connection, as a coordinator that goes away does.
    func hangUp() { state.withLock { $0.connection?.finish() } }
}

/// A coordinator and an agent that dial each other over mutual TLS, in a folder of their own.
func withAgent(
    change: @Sendable (inout AgentSettings) -> Void = { _ in },
    _ body: @Sendable (ScriptedCoordinator, AgentSettings) async throws -> Void
) async throws {
    let folder = FileManager.default.temporaryDirectory.path + "/noizylab-agent-\(UUID().uuidString)"
    defer { Folders.remove(folder) }
    let authority = try CertificateAuthority.loadOrCreate(folder: folder + "/ca", cluster: "TEST", now: Date())
    func files(_ role: PeerRole, _ name: String) throws -> CertificateFiles {
        let uri = "spiffe://TEST/\(role.rawValue)/\(name)"
        return try authority.issueFiles(
            for: try #require(PeerIdentity(uri: uri)), hosts: ["127.0.0.1"], into: folder + "/\(role.rawValue)",
            now: Date())
    }
    let loops = TransportLoops(count: 1)
    let coordinator = ScriptedCoordinator()
    let transport = try Transports.server(
        host: "127.0.0.1", port: 0, credentials: files(.coordinator, "boss"), trust: .mutual(cluster: "TEST"),
        loops: loops)
    let credentials = try files(.agent, "bench")
    try await withGRPCServer(transport: transport, services: [coordinator]) { _ in
        let port = try #require(await transport.port)
        var settings = AgentSettings(
            name: NodeName(checked: "bench"), role: "compute", link: .agent, cluster: "TEST",
            coordinatorHost: "127.0.0.1", coordinatorPort: port, folder: folder + "/node",
            version: "1.2.3")
        change(&settings)
        let agentSettings = settings
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
                try await AgentService(settings: agentSettings, credentials: credentials, logger: logger).run()
            }
            defer { group.cancelAll() }
            try await body(coordinator, agentSettings)
        }
    }
    try await loops.shutdown()
}
