import Foundation
import GridIdentity
import GridTransport
import NoizyClient
import Synchronization

/// Simulated agents of one grid.
struct SimulatedFleet: Sendable {
    private let size: Int
    private let endpoint: GridEndpoint
    private let folder: String
    private let credentials: [CertificateFiles]

    /// Every agent gets a key and a certificate from the grid's own authority.
    init(size: Int, target: BenchTarget, cluster: String) throws {
        self.size = size
        endpoint = try target.locator.endpoint()
        folder = target.locator.home.path + "/simulated"
        let now = Date()
        let authority = try CertificateAuthority.loadOrCreate(
            folder: target.locator.home.path + "/pki/ca", cluster: cluster, now: now)
        var credentials: [CertificateFiles] = []
        for number in 0..<size {
            guard let identity = PeerIdentity(cluster: cluster, role: .agent, name: SimulatedAgent.name(number)) else {
                throw BenchError("\(SimulatedAgent.name(number)) is no name for a node.")
            }
            credentials.append(try authority.issueFiles(for: identity, into: "\(folder)/\(number)", now: now))
        }
        self.credentials = credentials
    }

    func removeFiles() { try? FileManager.default.removeItem(atPath: folder) }

    /// Runs the body once all are welcome; it is told how long that took. `pace`: between two that dial; zero for all
    /// at once.
    func whileConnected<Result: Sendable>(
        pace: Duration = .milliseconds(4), _ body: (_ seconds: Double) async throws -> Result
    ) async throws -> Result {
        let loops = TransportLoops(count: 1)
        let welcomed = Count()
        let result: Swift.Result<Result, any Error>
        do {
            let value = try await withThrowingTaskGroup(of: Void.self) { group in
                let streams = (0..<size).map { _ in
                    AsyncStream<UInt64>.makeStream(bufferingPolicy: .bufferingNewest(1))
                }
                let begin = monotonicNanoseconds()
                for number in 0..<size {
                    let agent = SimulatedAgent(
                        number: number, endpoint: endpoint, credentials: credentials[number], loops: loops)
                    group.addTask {
                        try await agent.run(beats: streams[number].stream) { welcomed.add() }
                    }
                    // Handshakes one after another: a listener gives each a few seconds, and all share two cores.
                    if pace > .zero { try await Task.sleep(for: pace) }
                }
                group.addTask { try await Self.beat(streams.map(\.continuation)) }
                while welcomed.value < size {
                    guard monotonicNanoseconds() - begin < 120_000_000_000 else {
                        throw BenchError("\(welcomed.value) of \(size) agents were welcome after 2 minutes.")
                    }
                    try await Task.sleep(for: .milliseconds(20))
                }
                let value = try await body(Double(monotonicNanoseconds() - begin) / 1e9)
                group.cancelAll()
                return value
            }
            result = .success(value)
        } catch {
            result = .failure(error)
        }
        try await loops.shutdown()
        return try result.get()
    }

    /// Every 500 ms for each, spread evenly.
    private static func beat(_ agents: [AsyncStream<UInt64>.Continuation]) async throws {
        guard !agents.isEmpty else { return }
        let parts = 100
        var number: UInt64 = 0
        while !Task.isCancelled {
            number += 1
            for part in 0..<parts {
                for agent in stride(from: part, to: agents.count, by: parts) { agents[agent].yield(number) }
                do { try await Task.sleep(for: .milliseconds(5)) } catch { return }
            }
        }
    }
}

private final class Count: Sendable {
    private let count = Mutex(0)

    var value: Int { count.withLock { $0 } }

    func add() { count.withLock { $0 += 1 } }
}
