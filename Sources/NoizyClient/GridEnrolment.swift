import GRPCCore
import GRPCNIOTransportHTTP2Posix
package import GridIdentity
import GridTransport
package import GridWire
import SwiftProtobuf
import Synchronization

/// How a machine without a certificate comes in, through the coordinator's edge port.
package enum GridEnrolment {
    /// The key stays here; the token goes out only after the coordinator has shown the authority that the token names.
    package static func join(
        _ endpoint: GridEndpoint, token: JoinToken, name: String, key: SigningKey
    ) async throws -> Noizylab_Grid_JoinResponse {
        let loops = TransportLoops(count: 1)
        let refusal = Mutex<IdentityError?>(nil)
        let result: Result<Noizylab_Grid_JoinResponse, any Error>
        do {
            let request = Noizylab_Grid_JoinRequest.with {
                $0.token = token.text
                $0.name = name
                // A key that cannot sign is found before anything is dialled.
                $0.signingRequest = (try? key.signingRequest()) ?? ""
            }
            let transport = try Transports.joinClient(
                host: endpoint.host, port: endpoint.port, authorityKeyHash: token.authorityKeyHash, loops: loops,
                onRefusal: { error in refusal.withLock { $0 = error } })
            result = .success(
                try await withGRPCClient(transport: transport) { client in
                    try await Noizylab_Grid_Enrolment.Client(wrapping: client).join(request)
                })
        } catch let error as RPCError {
            result = .failure(GridError(error, refusal: refusal.withLock { $0 }, endpoint: endpoint))
        } catch {
            result = .failure(error)
        }
        try await loops.shutdown()
        return try result.get()
    }
}
