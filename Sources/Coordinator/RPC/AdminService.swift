import GRPCCore
import GridIdentity
import GridLogic
import GridModel
import GridWire

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// `noizylab.grid.Admin`: looking after the grid.
struct AdminService: Noizylab_Grid_Admin.SimpleServiceProtocol {
    let operations: GridOperations

    func status(request: Noizylab_Grid_StatusRequest, context: ServerContext) async throws
        -> Noizylab_Grid_StatusResponse
    {
        let status = try await operations.status(context.caller)
        var response = Noizylab_Grid_StatusResponse()
        response.cluster = operations.settings.cluster
        response.state = operations.loop.isStopping ? "stopping" : "ready"
        response.node = operations.settings.node.text
        response.listen = operations.boundAddresses.listen
        response.edge = operations.boundAddresses.edge
        response.pid = getpid()
        response.version = operations.settings.version
        response.uptimeMs = status.uptimeMilliseconds
        response.nodes = infos(status.nodes)
        for (state, count) in status.tasks { response.tasks[state.rawValue] = Int64(count) }
        response.failoversPaused = status.failoversPaused
        response.nowUs = status.now.microseconds
        return response
    }

    func listNodes(request: Noizylab_Grid_ListNodesRequest, context: ServerContext) async throws
        -> Noizylab_Grid_ListNodesResponse
    {
        var response = Noizylab_Grid_ListNodesResponse()
        response.nodes = infos(try await operations.nodes(context.caller))
        return response
    }

    private func infos(_ views: [NodeView]) -> [Noizylab_Grid_NodeInfo] {
        let revoked = operations.identities.register.revokedAgents
        return views.map { view in
            var info = Noizylab_Grid_NodeInfo(view)
            info.isRevoked = revoked.contains(view.node.name.text)
            return info
        }
    }

    func setSchedulability(request: Noizylab_Grid_SetSchedulabilityRequest, context: ServerContext) async throws
        -> Noizylab_Grid_NodeInfo
    {
        guard let schedulability = Schedulability(rawValue: request.schedulability) else {
            let known = Schedulability.allCases.map(\.rawValue).joined(separator: ", ")
            throw OperationError.refused(.invalid("schedulability", "must be one of \(known)"))
        }
        context.call.note(subject: "node=\(request.node) \(schedulability.rawValue)")
        return Noizylab_Grid_NodeInfo(
            try await operations.setSchedulability(context.caller, node: request.node, schedulability))
    }

    func removeNode(request: Noizylab_Grid_RemoveNodeRequest, context: ServerContext) async throws
        -> Noizylab_Grid_NodeInfo
    {
        context.call.note(subject: "node=\(request.node)")
        return Noizylab_Grid_NodeInfo(try await operations.removeNode(context.caller, node: request.node))
    }

    func events(
        request: Noizylab_Grid_EventsRequest, response: RPCWriter<Noizylab_Grid_EventsResponse>, context: ServerContext
    ) async throws {
        guard request.last <= 100_000 else {
            throw OperationError.refused(.invalid("last", "must be at most 100000"))
        }
        try await context.whileCallerStays {
            try await operations.events(
                context.caller, from: request.from, last: Int(request.last), follow: request.follow
            ) { events in
                var message = Noizylab_Grid_EventsResponse()
                message.events = events
                try await response.write(message)
            }
        }
    }

    func createToken(request: Noizylab_Grid_CreateTokenRequest, context: ServerContext) async throws
        -> Noizylab_Grid_CreateTokenResponse
    {
        context.call.note(subject: "node=\(request.name)")
        let made = try await operations.createToken(
            context.caller, name: request.name, lifetimeSeconds: request.ttlSeconds,
            needsConfirmation: request.needsConfirmation)
        var response = Noizylab_Grid_CreateTokenResponse()
        response.token = made.token.text
        response.expiresAtUs = made.expiresAt.microseconds
        response.edge = operations.boundAddresses.edge
        return response
    }

    func issueCertificate(request: Noizylab_Grid_IssueCertificateRequest, context: ServerContext) async throws
        -> Noizylab_Grid_IssueCertificateResponse
    {
        context.call.note(subject: "\(request.role)=\(request.name)")
        var response = Noizylab_Grid_IssueCertificateResponse()
        response.certificate = try await operations.issueCertificate(
            context.caller, name: request.name, role: request.role, signingRequest: request.signingRequest)
        response.authority = operations.identities.authority.trust.pem
        return response
    }
}
