import GRPCCore
import GridIdentity
import GridWire

/// `noizylab.grid.Enrolment`, on the edge port: how a machine without a certificate comes in.
struct EnrolmentService: Noizylab_Grid_Enrolment.SimpleServiceProtocol {
    let operations: GridOperations

    func join(request: Noizylab_Grid_JoinRequest, context: ServerContext) async throws -> Noizylab_Grid_JoinResponse {
        context.call.note(subject: "node=\(request.name)")
        var response = Noizylab_Grid_JoinResponse()
        response.certificate = try await operations.join(
            token: request.token, name: request.name, signingRequest: request.signingRequest,
            from: context.caller.host)
        response.authority = operations.identities.authority.trust.pem
        response.cluster = operations.settings.cluster
        response.listen = operations.boundAddresses.listen
        return response
    }
}
