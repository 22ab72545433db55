package import GridWire
import SwiftProtobuf

/// One call each. What may be made twice without harm is made again while the coordinator is away, as long as the
/// options' patience lasts.
extension GridClient {
    package func call<Result: Sendable>(
        isRepeatable: Bool = true, _ body: () async throws -> Result
    ) async throws -> Result {
        var patience = Patience(options, limit: options.patience)
        while true {
            do {
                return try await body()
            } catch {
                let error = explain(error)
                guard isRepeatable, let known = error as? GridError, known.isPassing, await patience.failed() else {
                    throw error
                }
            }
        }
    }

    package func submitted(_ request: Noizylab_Grid_SubmitRequest) async throws -> Noizylab_Grid_SubmitResponse {
        try await call(isRepeatable: !request.key.isEmpty) { try await tasks.submit(request) }
    }

    package func taskInfo(_ task: String) async throws -> Noizylab_Grid_TaskInfo {
        try await call { try await tasks.get(.with { $0.task = task }) }
    }

    package func taskInfos(_ request: Noizylab_Grid_ListTasksRequest) async throws -> Noizylab_Grid_ListTasksResponse {
        try await call { try await tasks.list(request) }
    }

    package func cancelled(_ task: String) async throws -> Noizylab_Grid_TaskInfo {
        try await call { try await tasks.cancel(.with { $0.task = task }) }
    }

    package func retried(_ task: String) async throws -> Noizylab_Grid_TaskInfo {
        try await call(isRepeatable: false) { try await tasks.retry(.with { $0.task = task }) }
    }

    package func placementReport(of task: String) async throws -> Noizylab_Grid_PlacementReport {
        try await call { try await placement.why(.with { $0.task = task }) }
    }

    package func placementPlan(_ spec: Noizylab_Grid_TaskSpec) async throws -> Noizylab_Grid_PlacementReport {
        try await call { try await placement.plan(.with { $0.spec = spec }) }
    }

    package func statusInfo() async throws -> Noizylab_Grid_StatusResponse {
        try await call { try await admin.status(Noizylab_Grid_StatusRequest()) }
    }

    package func networkInventory() async throws -> Noizylab_Grid_NetworkInventoryResponse {
        try await call { try await legacy.getNetworkInventory(.with { $0.includeDetailedMetrics = true }) }
    }

    package func nodeInfos() async throws -> [Noizylab_Grid_NodeInfo] {
        try await call { try await admin.listNodes(Noizylab_Grid_ListNodesRequest()) }.nodes
    }

    package func schedulabilityChanged(
        of node: String, to schedulability: String
    ) async throws -> Noizylab_Grid_NodeInfo {
        try await call {
            try await admin.setSchedulability(
                .with {
                    $0.node = node
                    $0.schedulability = schedulability
                })
        }
    }

    package func drained(node: String, deadlineMilliseconds: Int64) async throws -> Noizylab_Grid_NodeInfo {
        try await call {
            try await healing.drainNode(
                .with {
                    $0.node = node
                    $0.deadlineMs = deadlineMilliseconds
                })
        }
    }

    package func released(node: String) async throws -> Noizylab_Grid_NodeInfo {
        try await call { try await healing.releaseNode(.with { $0.node = node }) }
    }

    package func removed(node: String) async throws -> Noizylab_Grid_NodeInfo {
        try await call(isRepeatable: false) { try await admin.removeNode(.with { $0.node = node }) }
    }

    package func token(
        forNode name: String, seconds: Int64, needsConfirmation: Bool = false
    ) async throws -> Noizylab_Grid_CreateTokenResponse {
        try await call(isRepeatable: false) {
            try await admin.createToken(
                .with {
                    $0.name = name
                    $0.ttlSeconds = seconds
                    $0.needsConfirmation = needsConfirmation
                })
        }
    }

    package func certificate(
        name: String, role: String, signingRequest: String
    ) async throws -> Noizylab_Grid_IssueCertificateResponse {
        try await call {
            try await admin.issueCertificate(
                .with {
                    $0.name = name
                    $0.role = role
                    $0.signingRequest = signingRequest
                })
        }
    }

    package func keyCreated(
        _ request: Noizylab_Grid_CreateKeyRequest
    ) async throws -> Noizylab_Grid_CreateKeyResponse {
        try await call(isRepeatable: false) { try await keys.createKey(request) }
    }

    package func keyInfos(all: Bool) async throws -> [Noizylab_Grid_APIKeyInfo] {
        try await call { try await keys.listKeys(.with { $0.all = all }) }.keys
    }

    package func keyRevoked(_ key: String) async throws -> Noizylab_Grid_APIKeyInfo {
        try await call { try await keys.revokeKey(.with { $0.key = key }) }
    }

    package func health(ofNode node: String) async throws -> Noizylab_Grid_HealthCheckResponse {
        try await call { try await legacy.healthCheck(.with { $0.nodeID = node }) }
    }
}
