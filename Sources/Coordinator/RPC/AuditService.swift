import GRPCCore
import GridIdentity
import GridModel
import GridWire

/// `noizylab.grid.Audit`: looking back, and looking at the doors.
struct AuditService: Noizylab_Grid_Audit.SimpleServiceProtocol {
    let operations: GridOperations

    func readAudit(
        request: Noizylab_Grid_ReadAuditRequest, response: RPCWriter<Noizylab_Grid_ReadAuditResponse>,
        context: ServerContext
    ) async throws {
        try await operations.readAudit(context.caller, from: request.from, last: Int(request.last)) { page in
            var message = Noizylab_Grid_ReadAuditResponse()
            if let bounds = page.bounds {
                message.start = Noizylab_Grid_AuditHead(bounds.start)
                if let noted = bounds.noted { message.noted = Noizylab_Grid_AuditHead(noted) }
            }
            message.records = page.records.map(Noizylab_Grid_AuditRecord.init)
            try await response.write(message)
        }
    }

    func surface(request: Noizylab_Grid_SurfaceRequest, context: ServerContext) async throws
        -> Noizylab_Grid_SurfaceResponse
    {
        try operations.authorise(context.caller, .readAudit)
        var response = Noizylab_Grid_SurfaceResponse()
        response.listeners = [
            listener(
                "listen", operations.boundAddresses.listen, operations.settings.listenHost, ServedServices.mutual,
                protection: "mutual TLS", callers: "holders of a certificate of this grid"),
            listener(
                "edge", operations.boundAddresses.edge, operations.settings.edgeHost, ServedServices.edge,
                protection: "server TLS", callers: "everybody who reaches it, and holders of API keys"),
        ]
        return response
    }

    private func listener(
        _ name: String, _ address: String, _ host: String, _ services: [String], protection: String, callers: String
    ) -> Noizylab_Grid_Listener {
        var listener = Noizylab_Grid_Listener()
        listener.name = name
        listener.address = address
        listener.isLoopback = host == "localhost" || host == "::1" || host.hasPrefix("127.")
        listener.protection = protection
        listener.callers = callers
        let strangersCome = protection == "server TLS"
        listener.methods = MethodRules.all.filter { rule in
            services.contains { rule.name.hasPrefix($0 + "/") }
        }.map { rule in
            var method = Noizylab_Grid_ServedMethod()
            method.name = rule.name
            method.permission = rule.permission.rawValue
            method.callClass = rule.callClass.rawValue
            // On a listener that asks for no certificate nobody has a role.
            method.roles = strangersCome ? [] : PeerRole.allCases.filter(rule.permission.allows).map(\.rawValue)
            if strangersCome, rule.permission.allows(nil) { method.roles.append("stranger") }
            if strangersCome, APIKeyGrant.canHave(rule.permission) { method.roles.append("key") }
            return method
        }
        return listener
    }
}
