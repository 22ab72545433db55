package import GRPCCore
import GridIdentity
import GridModel
import GridTransport

/// Stands before every handler: who calls is read from the connection, and the method's permission decides. Rate limits
/// and the audit take their places behind it.
package struct PermissionInterceptor: ServerInterceptor {
    package func intercept<Input: Sendable, Output: Sendable>(
        request: StreamingServerRequest<Input>, context: ServerContext,
        next: @Sendable (StreamingServerRequest<Input>, ServerContext) async throws -> StreamingServerResponse<Output>
    ) async throws -> StreamingServerResponse<Output> {
        try Self.check(context.descriptor, context.caller)
        return try await next(request, context)
    }

    /// Deny by default: a method without a declared permission does not exist.
    package static func check(_ method: MethodDescriptor, _ caller: Caller) throws(RPCError) {
        guard let permission = MethodPermissions.permission(of: method) else {
            throw RPCError(code: .unimplemented, message: "\(method) is not served.")
        }
        guard !permission.allows(caller.role) else { return }
        guard let role = caller.role else {
            throw OperationError.unauthenticated("\(method) needs a certificate of this grid.").rpcError
        }
        throw Refusal(
            .permissionDenied, reason: "ROLE_NOT_ALLOWED",
            message: "\(method) needs a role that may \(permission.rawValue); \(caller.name) is \(role.rawValue). "
                + "Ask an operator for a certificate of such a role."
        ).rpcError
    }
}
