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
        // A key that cannot sign is found before anything is dialled.
        let signingRequest = try key.signingRequest()
        return try await onEdge(endpoint, token) { client in
            try await Noizylab_Grid_Enrolment.Client(wrapping: client).join(
                .with {
                    $0.token = token.text
                    $0.name = name
                    $0.signingRequest = signingRequest
                })
        }
    }

    /// The same under an operator's eyes: `waiting` hears the fingerprint that the operator is to compare, and the grid
    /// answers when the operator has decided. Ended when the grid names another fingerprint than this machine.
    package static func joinConfirmed(
        _ endpoint: GridEndpoint, token: JoinToken, name: String, key: SigningKey,
        waiting: @escaping @Sendable (JoinFingerprint) -> Void
    ) async throws -> Noizylab_Grid_JoinedInfo {
        let signingRequest = try key.signingRequest()
        let fingerprint = JoinFingerprint(
            authorityKeyHash: token.authorityKeyHash, nodeKeyHash: key.publicKeyHash, name: name)
        return try await onEdge(endpoint, token) { client in
            let request = Noizylab_Grid_JoinConfirmedRequest.with {
                $0.token = token.text
                $0.name = name
                $0.signingRequest = signingRequest
            }
            return try await Noizylab_Grid_Admission.Client(wrapping: client).joinConfirmed(request) { response in
                for try await update in response.messages {
                    switch update.update {
                    case .waiting(let enrolment):
                        guard enrolment.fingerprint == fingerprint.text else {
                            throw GridError(
                                .untrusted,
                                "the grid has another fingerprint for this machine (\(enrolment.fingerprint)) than it has "
                                    + "itself (\(fingerprint)): somebody is in between, and nothing was accepted")
                        }
                        waiting(fingerprint)
                    case .joined(let joined): return joined
                    case nil: break
                    }
                }
                throw GridError(.failed, "the grid ended the conversation before it answered")
            }
        }
    }

    /// Most who meet these have the other listener's port in hand.
    private static func explained(_ error: GridError, _ endpoint: GridEndpoint) -> GridError {
        if error.reason == "CERTIFICATE_REFUSED" {
            return GridError(
                .invalidArgument,
                "\(endpoint) lets in only who has a certificate already: join at the edge listener, which noizylab token "
                    + "create names (port 50052 unless configured)")
        }
        if error.code == .untrusted {
            return GridError(
                .untrusted,
                "\(error.message) Joining goes to the edge port, which noizylab token create names (50052 unless configured).",
                reason: error.reason)
        }
        guard error.code == .unavailable, error.reason.isEmpty else { return error }
        return GridError(
            .unavailable,
            "nothing that lets machines join answers at \(endpoint): noizylab token create names the address and the edge "
                + "port (50052 unless configured)")
    }

    private static func onEdge<Answer: Sendable>(
        _ endpoint: GridEndpoint, _ token: JoinToken,
        _ body: @escaping @Sendable (GRPCClient<HTTP2ClientTransport.Posix>) async throws -> Answer
    ) async throws -> Answer {
        let loops = TransportLoops(count: 1)
        let refusal = Mutex<IdentityError?>(nil)
        let result: Result<Answer, any Error>
        do {
            let transport = try Transports.joinClient(
                host: endpoint.host, port: endpoint.port, authorityKeyHash: token.authorityKeyHash, loops: loops,
                onRefusal: { error in refusal.withLock { $0 = error } })
            result = .success(try await withGRPCClient(transport: transport) { try await body($0) })
        } catch let error as RPCError {
            let known = GridError(error, refusal: refusal.withLock { $0 }, endpoint: endpoint)
            result = .failure(explained(known, endpoint))
        } catch {
            result = .failure(error)
        }
        try await loops.shutdown()
        return try result.get()
    }
}
