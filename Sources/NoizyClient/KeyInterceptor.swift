import GRPCCore
import GridIdentity

/// Shows an API key with every call. It is not printed anywhere on the way.
struct KeyInterceptor: ClientInterceptor {
    private let header: Secret

    init(_ key: APIKey) { header = Secret(key.header) }

    func intercept<Input: Sendable, Output: Sendable>(
        request: StreamingClientRequest<Input>, context: ClientContext,
        next: (StreamingClientRequest<Input>, ClientContext) async throws -> StreamingClientResponse<Output>
    ) async throws -> StreamingClientResponse<Output> {
        var request = request
        request.metadata.addString(header.reveal(), forKey: "authorization")
        return try await next(request, context)
    }
}
