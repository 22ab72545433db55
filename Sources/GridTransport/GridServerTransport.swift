package import GRPCCore
package import GRPCNIOTransportHTTP2Posix
package import GridIdentity
import NIOCore

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A gRPC server transport that knows its callers: each call's context says who calls (`ServerContext.peer`), and
/// its handler runs on the event loop of its connection.
package struct GridServerTransport: ServerTransport {
    package typealias Bytes = GRPCNIOTransportBytes

    private let custom: HTTP2ServerTransport.Custom<GridListener>
    private let listener: GridListener

    init(listener: GridListener, config: HTTP2ServerTransport.Custom<GridListener>.Config) {
        self.listener = listener
        custom = HTTP2ServerTransport.Custom(listenerFactory: listener, config: config)
    }

    /// The port it listens on, once it does; nil when it could not, or has stopped.
    package var port: Int? {
        get async {
            let address = await custom.listeningAddress
            return address?.ipv4?.port ?? address?.ipv6?.port
        }
    }

    /// Connections from now on are made with what these files say; those that are open go on.
    package func reload(_ credentials: CertificateFiles) throws(IdentityError) {
        try listener.identity.reload(credentials)
    }

    /// Who is connected now.
    package var peers: [PeerCredential] { listener.directory.connections { _ in true }.compactMap(\.known) }

    /// Ends the open connections, and with them the calls, of those whose certificate is meant. How many there were.
    @discardableResult
    package func close(where isMeant: (PeerCredential) -> Bool) -> Int {
        let meant = listener.directory.connections(where: isMeant)
        for connection in meant { connection.channel.close(promise: nil) }
        return meant.count
    }

    package func configure(context: GRPCServerContext) {
        custom.configure(context: context)
    }

    package func listen(
        streamHandler: @escaping @Sendable (RPCStream<Inbound, Outbound>, ServerContext) async -> Void
    ) async throws {
        let listener = listener
        try await custom.listen { stream, context in
            let connection = listener.directory.connection(at: context.remotePeer)
            var context = context
            if let verifier = listener.identity.current.verifier {
                guard let peer = await Self.identify(connection, verifier, at: context.remotePeer, listener) else {
                    await Self.refuse(stream)
                    return
                }
                context.transportSpecific = GridServerContext(peer: peer)
            }
            if let executor = connection?.executor {
                let context = context
                await withTaskExecutorPreference(executor) { await streamHandler(stream, context) }
            } else {
                await streamHandler(stream, context)
            }
        }
    }

    package func beginGracefulShutdown() {
        custom.beginGracefulShutdown()
    }

    /// Nil when nobody is proven; then the call goes no further.
    private static func identify(
        _ connection: PeerConnection?, _ verifier: PeerVerifier, at address: String, _ listener: GridListener
    ) async -> PeerCredential? {
        do throws(IdentityError) {
            guard let connection else { return nil }
            let credential = try await connection.credential(verifiedBy: verifier, admission: listener.admission)
            guard credential.notAfterSeconds > Int64(Date().timeIntervalSince1970) else {
                // It was valid when it connected. Whoever has a newer one shows it on the next connection.
                connection.channel.close(promise: nil)
                throw IdentityError(
                    .expired, "The certificate of \(credential.identity) expired while it was connected.")
            }
            return credential
        } catch {
            listener.onRefusal(address, error)
            return nil
        }
    }

    private static func refuse(_ stream: RPCStream<Inbound, Outbound>) async {
        let status = Status(code: .unauthenticated, message: "The connection's certificate proves no identity.")
        // The peer may be gone already: then there is nobody to tell.
        try? await stream.outbound.write(.status(status, [:]))
        await stream.outbound.finish()
    }
}

/// What a call's context carries of its connection.
package struct GridServerContext: ServerContext.TransportSpecific {
    package let peer: PeerCredential

    package init(peer: PeerCredential) { self.peer = peer }
}

extension ServerContext {
    /// Who calls, proven by certificate; nil on a listener that asks for none.
    package var peer: PeerCredential? {
        (transportSpecific as? GridServerContext)?.peer
    }
}
