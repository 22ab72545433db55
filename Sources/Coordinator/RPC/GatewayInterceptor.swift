package import GRPCCore
import GridModel
import GridTransport

/// The gRPC door's end of the gateway: turns a call into evidence and a rule, and carries the `Call` to the handler.
package struct GatewayInterceptor: ServerInterceptor {
    private let gateway: Gateway

    package init(_ gateway: Gateway) { self.gateway = gateway }

    package func intercept<Input: Sendable, Output: Sendable>(
        request: StreamingServerRequest<Input>, context: ServerContext,
        next: @Sendable (StreamingServerRequest<Input>, ServerContext) async throws -> StreamingServerResponse<Output>
    ) async throws -> StreamingServerResponse<Output> {
        let call = try await admit(request.metadata, context)
        let lease = CallLease(call, gateway)
        if call.rule.isUnary, call.rule.callClass.staysOpen {
            let cancellation = context.cancellation
            call.onEnd { cancellation.cancel() }
        }
        var context = context
        context.transportSpecific = CallContext(call: call)
        do {
            let response = try await next(request, context)
            switch response.accepted {
            case .failure(let error): await lease.finish(.failed(error))
            case .success(let contents) where !call.rule.isUnary:
                return StreamingServerResponse(metadata: contents.metadata) { writer in
                    try await lease.run { try await contents.producer(writer) }
                }
            case .success: await lease.finish(.ok)
            }
            return response
        } catch {
            throw await lease.failed(error)
        }
    }

    /// Deny by default: a method without a rule does not exist.
    private func admit(_ metadata: Metadata, _ context: ServerContext) async throws -> Call {
        guard let rule = MethodRules.rule(of: context.descriptor) else {
            throw RPCError(code: .unimplemented, message: "\(context.descriptor) is not served.")
        }
        let peer = context.peer
        let evidence = Evidence(
            certificate: peer,
            authorization: peer == nil ? metadata[stringValues: "authorization"].first { _ in true } : nil,
            remote: context.remotePeer)
        do throws(Denial) {
            return try gateway.admit(
                evidence, rule, traceparent: metadata[stringValues: "traceparent"].first { _ in true })
        } catch {
            let hold = error.holdMilliseconds
            if hold > 0 { try await context.whileCallerStays { try await Task.sleep(for: .milliseconds(hold)) } }
            throw error.error
        }
    }
}

/// What a call's context carries behind the gateway.
struct CallContext: ServerContext.TransportSpecific {
    let call: Call
}

extension CallOutcome {
    /// As the caller hears it.
    static func failed(_ error: any Error) -> CallOutcome {
        switch error {
        case let error as OperationError: CallOutcome(code: error.auditCode, reason: error.refusal.reason)
        case let error as RPCError: CallOutcome(code: error.code.canonicalName, reason: "")
        case let error as any RPCErrorConvertible: CallOutcome(code: error.rpcErrorCode.canonicalName, reason: "")
        case is CancellationError: CallOutcome(code: "CANCELLED", reason: "")
        default: CallOutcome(code: "UNKNOWN", reason: "")
        }
    }
}

extension RPCError.Code {
    /// `permissionDenied` as others write it: `PERMISSION_DENIED`.
    fileprivate var canonicalName: String {
        var name = ""
        for character in description {
            if character.isUppercase { name += "_" }
            name += character.uppercased()
        }
        return name
    }
}
