import GRPCCore
import Synchronization

/// Gives a call back to the gateway exactly once: when its handler ends, or when the library drops it without ever
/// running its response.
final class CallLease: Sendable {
    private let call: Call
    private let gateway: Gateway
    private let isFinished = Atomic(false)

    init(_ call: Call, _ gateway: Gateway) {
        self.call = call
        self.gateway = gateway
    }

    deinit {
        if !isFinished.load(ordering: .relaxed) { gateway.abandon(call) }
    }

    func finish(_ outcome: CallOutcome) async {
        guard !isFinished.exchange(true, ordering: .relaxed) else { return }
        await gateway.finish(call, outcome)
    }

    /// What the caller hears instead of `error`: why its call was ended from outside, if it was.
    func failed(_ error: any Error) async -> any Error {
        let heard: any Error = call.endReason ?? error
        await finish(.failed(heard))
        return heard
    }

    /// Runs a response that may stay open, until it ends or is ended from outside.
    func run(_ body: @escaping @Sendable () async throws -> Metadata) async throws -> Metadata {
        do {
            let metadata = try await endable(body)
            await finish(.ok)
            return metadata
        } catch {
            throw await failed(error)
        }
    }

    private func endable(_ body: @escaping @Sendable () async throws -> Metadata) async throws -> Metadata {
        try await withThrowingTaskGroup(of: Metadata?.self) { group in
            let ended = AsyncStream.makeStream(of: Never.self)
            call.onEnd { ended.continuation.finish() }
            group.addTask { try await body() }
            group.addTask {
                for await _ in ended.stream {}
                return nil
            }
            defer { group.cancelAll() }
            guard let first = try await group.next(), let metadata = first else { throw CancellationError() }
            return metadata
        }
    }
}
