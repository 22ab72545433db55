import GRPCCore

extension ServerContext {
    /// The call as the gateway let it in. Every served method stands behind the gateway's interceptor.
    var call: Call {
        guard let context = transportSpecific as? CallContext else {
            preconditionFailure("\(descriptor) was reached without the gateway")
        }
        return context.call
    }

    /// Who calls, as the gateway found.
    var caller: Caller { call.caller }

    /// Runs `body` as long as the caller is there: the library does not cancel the handler of a caller that went away,
    /// and one that waits for a task would wait on for nobody.
    func whileCallerStays<Value: Sendable>(
        _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        try await withThrowingTaskGroup(of: Value?.self) { group in
            group.addTask { try await body() }
            group.addTask {
                try await cancellation.cancelled
                return nil
            }
            defer { group.cancelAll() }
            guard let first = try await group.next(), let value = first else { throw CancellationError() }
            return value
        }
    }

    /// The same for one submission, without the tasks: most unary calls wait for nothing else.
    func whileCallerStays(waitFor submission: OneSubmission) async -> OneSubmission.End {
        await withRPCCancellationHandler {
            await submission.wait()
        } onCancelRPC: {
            submission.leave()
        }
    }
}
