import Coordinator
import GRPCCore
import GridIdentity
import GridTransport
import GridWire

extension GridWorld {
    /// As a machine that has nothing but a token.
    func join(token: String, name: String, request: String? = nil) async throws -> Noizylab_Grid_JoinResponse {
        var join = Noizylab_Grid_JoinRequest()
        join.token = token
        join.name = name
        join.signingRequest = try request ?? SigningKey.make().signingRequest()
        let message = join
        let transport = try Transports.joinClient(
            host: "127.0.0.1", port: edgePort, authorityKeyHash: identities.authority.keyHash, loops: loops)
        return try await withGRPCClient(transport: transport) { client in
            try await Noizylab_Grid_Enrolment.Client(wrapping: client).join(message)
        }
    }
}
