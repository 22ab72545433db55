package import GRPCCore
import GridModel
import GridTransport
import Synchronization

/// The gRPC door's end of the gateway: turns a call into evidence and a rule, and carries the `Call` to the handler.
package struct GatewayInterceptor: ServerInterceptor {
    private let gateway: Gateway

    package init(_ gateway: Gateway) { self.gateway = gateway }

    package func intercept<Input: Sendable, Output: Sendable>(
        request: StreamingServerRequest<Input>, context: ServerContext,
        next: @Sendable (StreamingServerRequest<Input>, ServerContext) async throws -> StreamingServerResponse<Output>
    ) async throws -> StreamingServerResponse<Output> {
        let call = try admit(request.metadata, context)
        let lease = CallLease(call, gateway)
        if call.rule.callClass.staysOpen {
            let cancellation = context.cancellation
            call.onEnd { cancellation.cancel() }
        }
        var context = context
        context.transportSpecific = CallContext(call: call)
        do {
            let response = try await next(request, context)
            switch response.accepted {
            case .failure(let error): lease.finish(.failed(error))
            case .success(let contents) where call.rule.callClass.staysOpen:
                return StreamingServerResponse(metadata: contents.metadata) { writer in
                    try await lease.run { try await contents.producer(writer) }
                }
            case .success: lease.finish(.ok)
            }
            return response
        } catch {
            throw lease.failed(error)
        }
    }

    /// Deny by default: a method without a rule does not exist.
    private func admit(_ metadata: Metadata, _ context: ServerContext) throws -> Call {
        guard let rule = MethodRules.rule(of: context.descriptor) else {
            throw RPCError(code: .unimplemented, message: "\(context.descriptor) is not served.")
        }
        let peer = context.peer
        let evidence = Evidence(
            certificate: peer,
            authorization: peer == nil ? metadata[stringValues: "authorization"].first { _ in true } : nil,
            remote: context.remotePeer)
        return try gateway.admit(
            evidence, rule, traceparent: metadata[stringValues: "traceparent"].first { _ in true })
    }
}

/// What a call's context carries behind the gateway.
struct CallContext: ServerContext.TransportSpecific {
    let call: Call
}

/// Gives a call back to the gateway exactly once: when its handler ends, or when the library drops it without ever
/// running its response.
private final class CallLease: Sendable {
    private let call: Call
    private let gateway: Gateway
    private let isFinished = Atomic(false)

    init(_ call: Call, _ gateway: Gateway) {
        self.call = call
        self.gateway = gateway
    }

    deinit { finish(.failed(CancellationError())) }

    func finish(_ outcome: CallOutcome) {
        guard !isFinished.exchange(true, ordering: .relaxed) else { return }
        gateway.finish(call, outcome)
    }

    /// What the caller hears instead of `error`: why its call was ended from outside, if it was.
    func failed(_ error: any Error) -> any Error {
        let heard: any Error = call.endReason ?? error
        finish(.failed(heard))
        return heard
    }

    /// Runs a response that may stay open, until it ends or is ended from outside.
    func run(_ body: @escaping @Sendable () async throws -> Metadata) async throws -> Metadata {
        do {
            let metadata = try await endable(body)
            finish(.ok)
            return metadata
        } catch {
            throw failed(error)
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

extension CallOutcome {
    /// As the caller hears it.
    static func failed(_ error: any Error) -> CallOutcome {
        switch error {
        case let error as OperationError:
            CallOutcome(code: "\(error.rpcErrorCode)", reason: error.refusal.reason)
        case let error as RPCError: CallOutcome(code: "\(error.code)", reason: "")
        case let error as any RPCErrorConvertible: CallOutcome(code: "\(error.rpcErrorCode)", reason: "")
        case is CancellationError: CallOutcome(code: "CANCELLED", reason: "")
        default: CallOutcome(code: "UNKNOWN", reason: "")
        }
    }
}
