import GRPCCore
import GridWire
import Synchronization

/// `grpc.health.v1.Health`: whether this process takes work. Serving from the moment its ports are open until it begins
/// to stop, and not while its store takes no commit.
struct HealthService: Grpc_Health_V1_Health.SimpleServiceProtocol {
    let operations: GridOperations
    /// Names of the services on this listener; the empty name stands for all.
    let services: Set<String>

    func check(request: Grpc_Health_V1_HealthCheckRequest, context: ServerContext) async throws
        -> Grpc_Health_V1_HealthCheckResponse
    {
        guard request.service.isEmpty || services.contains(request.service) else {
            throw RPCError(code: .notFound, message: "No service is called “\(request.service.prefix(80))” here.")
        }
        return response(serving)
    }

    /// Looks twice a second; says what changes.
    func watch(
        request: Grpc_Health_V1_HealthCheckRequest, response writer: RPCWriter<Grpc_Health_V1_HealthCheckResponse>,
        context: ServerContext
    ) async throws {
        let isKnown = request.service.isEmpty || services.contains(request.service)
        try await context.whileCallerStays {
            var told: Grpc_Health_V1_HealthCheckResponse.ServingStatus?
            while true {
                let now = isKnown ? serving : .serviceUnknown
                if now != told {
                    try await writer.write(self.response(now))
                    told = now
                }
                if operations.loop.isStopping { return }
                try await Task.sleep(for: .milliseconds(500))
            }
        }
    }

    private var serving: Grpc_Health_V1_HealthCheckResponse.ServingStatus {
        let isWell = operations.loop.health.withLock { $0 } == .well
        return isWell && !operations.loop.isStopping ? .serving : .notServing
    }

    private func response(
        _ status: Grpc_Health_V1_HealthCheckResponse.ServingStatus
    ) -> Grpc_Health_V1_HealthCheckResponse {
        var response = Grpc_Health_V1_HealthCheckResponse()
        response.status = status
        return response
    }
}
