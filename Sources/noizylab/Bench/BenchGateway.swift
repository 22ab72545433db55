import ArgumentParser
import Coordinator
import Foundation
import GRPCCore
import GridIdentity
import GridLogic
import GridModel
import GridStore
import GridTransport
import GridWire
import Logging

/// What the chain before every handler costs: the whole interceptor, as the server runs it, around a handler that does
/// nothing; with an audit on disk behind it.
struct BenchGateway: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gateway", abstract: "What the gateway adds to a call: who, may it, how often, audit, trace.")

    @Option(help: "Calls of each kind.")
    var count = 200_000

    @OptionGroup var document: DocumentOption

    func run() async throws {
        let folder = NSTemporaryDirectory() + "noizylab-bench-\(UInt32.random(in: 0 ... .max))"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let audit = try AuditTrail(
            store: AuditStore(folder: folder), logger: Logger(label: "bench") { _ in SwiftLogNoOpLogHandler() })
        var limits = CallLimits()
        for rate in [\CallLimits.read, \.change, \.submit, \.stream, \.link] { limits[keyPath: rate] = .unlimited }
        let gateway = Gateway(limits: limits, audit: audit)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await audit.run() }
            let interceptor = GatewayInterceptor(gateway)
            for kind in Kind.allCases {
                // The first rounds warm up.
                _ = try await kind.measure(interceptor, count: min(count, 5_000))
                var report = BenchReport("gateway", try await kind.measure(interceptor, count: count))
                report.setting["call"] = kind.rawValue
                try report.print(as: document.output)
            }
            audit.finish()
            try await group.waitForAll()
        }
        try audit.close()
    }

    private enum Kind: String, CaseIterable {
        case bare = "without the gateway"
        case read, submit, traced
        case denied = "denied"

        func measure(_ interceptor: GatewayInterceptor, count: Int) async throws -> LatencyHistogram {
            var latency = LatencyHistogram()
            let context = context
            for _ in 0..<count {
                var metadata = Metadata()
                metadata.addString("application/grpc", forKey: "content-type")
                if self == .traced {
                    metadata.addString("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", forKey: "traceparent")
                }
                let request = StreamingServerRequest<Int>(
                    metadata: metadata,
                    messages: RPCAsyncSequence(wrapping: AsyncThrowingStream<Int, any Error> { $0.finish() }))
                let started = monotonicNanoseconds()
                if self == .bare {
                    _ = try await Self.answer(request, context)
                } else {
                    _ = try? await interceptor.intercept(request: request, context: context, next: Self.answer)
                }
                latency.record(monotonicNanoseconds() - started)
            }
            return latency
        }

        private var context: ServerContext {
            let method =
                switch self {
                case .bare, .read, .traced: Noizylab_Grid_Tasks.Method.Get.descriptor
                case .submit: Noizylab_Grid_NoizyGridRPC.Method.ExecuteTask.descriptor
                case .denied: Noizylab_Grid_AgentLink.Method.Connect.descriptor
                }
            var context = ServerContext(
                descriptor: method, remotePeer: "ipv4:127.0.0.1:54321", localPeer: "ipv4:127.0.0.1:50051",
                cancellation: ServerContext.RPCCancellationHandle())
            // Safe: both names are well formed.
            let identity = PeerIdentity(cluster: "BENCH", role: .operator, name: "ann")!
            context.transportSpecific = GridServerContext(
                peer: PeerCredential(
                    identity: identity, keyHash: [UInt8](repeating: 7, count: 32), serial: [1, 2, 3],
                    notAfterSeconds: .max))
            return context
        }

        @Sendable private static func answer(
            _ request: StreamingServerRequest<Int>, _ context: ServerContext
        ) async throws -> StreamingServerResponse<Int> {
            StreamingServerResponse { _ in [:] }
        }
    }
}
