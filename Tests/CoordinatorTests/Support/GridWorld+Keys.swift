import Coordinator
import GRPCCore
import GridIdentity
import GridTransport
import GridWire

extension GridWorld {
    /// Makes a key as an operator does; its text.
    func makeKey(
        _ name: String = "ci", _ change: @Sendable @escaping (inout Noizylab_Grid_CreateKeyRequest) -> Void = { _ in }
    ) async throws -> String {
        try await connected { client in
            var request = Noizylab_Grid_CreateKeyRequest()
            request.name = name
            change(&request)
            return try await Noizylab_Grid_Keys.Client(wrapping: client).createKey(request).key
        }
    }

    func revokeKey(_ name: String) async throws {
        _ = try await connected { client in
            var request = Noizylab_Grid_RevokeKeyRequest()
            request.key = name
            return try await Noizylab_Grid_Keys.Client(wrapping: client).revokeKey(request)
        }
    }

    func listKeys(all: Bool = false) async throws -> [Noizylab_Grid_APIKeyInfo] {
        try await connected { client in
            var request = Noizylab_Grid_ListKeysRequest()
            request.all = all
            return try await Noizylab_Grid_Keys.Client(wrapping: client).listKeys(request).keys
        }
    }

    /// A connection to the edge, as whoever has nothing but the authority's certificate.
    func onEdge<Value: Sendable>(_ body: @Sendable @escaping (Client) async throws -> Value) async throws -> Value {
        let transport = try Transports.edgeClient(
            host: "127.0.0.1", port: edgePort, anchor: .authorities(identities.authority.trust),
            loops: loops)
        return try await withGRPCClient(transport: transport) { try await body($0) }
    }
}

extension Metadata {
    static func bearing(_ key: String) -> Metadata { ["authorization": "Bearer \(key)"] }
}

/// The status of a call that should not succeed; nil when it did.
func statusCode(_ body: () async throws -> Void) async -> RPCError.Code? {
    do {
        try await body()
        return nil
    } catch let error as RPCError {
        return error.code
    } catch {
        return .unknown
    }
}
