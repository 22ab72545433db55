import GRPCNIOTransportHTTP2Posix
import GridIdentity
import NIOCore
import NIOPosix
import NIOSSL

/// Accepts connections: TLS, then the doorkeeper and the frame aligner, then gRPC's own HTTP/2.
///
/// The library's own listener would parse the peer's certificates again for every call; this one knows each connection.
struct GridListener: HTTP2ServerTransport.ListenerFactory {
    let host: String
    let port: Int
    let identity: ListenerIdentity
    let loops: TransportLoops
    /// Nil: connections are spread over all loops.
    let loop: Int?
    let directory: PeerDirectory
    let gate: ConnectionGate
    let settings: TransportSettings
    let admission: PeerAdmission
    let onRefusal: @Sendable (_ remoteAddress: String, IdentityError) -> Void
    /// Hears why a connection was turned away or ended before anybody was asked who it is.
    let onAbuse: @Sendable (_ remoteAddress: String, _ reason: String) -> Void

    var eventLoopGroup: any EventLoopGroup {
        if let loop { loops.loop(loop) } else { loops.group }
    }

    func makeListeningChannel(
        listenerConfigurator: HTTP2ServerTransport.ListenerConfigurator,
        connectionConfigurator: HTTP2ServerTransport.ConnectionConfigurator
    ) async throws -> NIOAsyncChannel<HTTP2ServerTransport.ConnectionConfigurator.ConnectionChannel, Never> {
        try await ServerBootstrap(group: eventLoopGroup)
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelInitializer { channel in listenerConfigurator.configure(channel: channel) }
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .bind(host: host, port: port) { channel in
                channel.eventLoop.makeCompletedFuture { try prepare(channel) }
                    .flatMap { connectionConfigurator.configure(channel: channel, tls: .configured(requireALPN: true)) }
            }
    }

    private func prepare(_ channel: any Channel) throws {
        let connection = PeerConnection(channel: channel, executor: loops.executor(of: channel.eventLoop))
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandler(handshake(on: connection))
        try pipeline.addHandler(
            ConnectionDoorkeeper(
                connection: connection, directory: directory, gate: gate,
                handshakeTimeout: TimeAmount(settings.handshakeTimeout),
                onFailedHandshake: { [onRefusal] address, error in
                    onRefusal(address, IdentityError(.untrusted, "The TLS handshake failed.", cause: error))
                }, onAbuse: onAbuse))
        if settings.isAligningFrames {
            let (onAbuse, address) = (onAbuse, channel.remoteAddress?.peerText ?? "unknown")
            try pipeline.addHandler(
                FrameAligner(isServer: true, limits: settings.frames) { onAbuse(address, "FLOOD_OF_\($0.rawValue)") })
        }
        if settings.isGatheringFlushes { try pipeline.addHandler(FlushGatherer()) }
    }

    private func handshake(on connection: PeerConnection) -> NIOSSLServerHandler {
        let current = identity.current
        guard let verifier = current.verifier else { return NIOSSLServerHandler(context: current.tls) }
        let (admission, onRefusal) = (admission, onRefusal)
        return NIOSSLServerHandler(context: current.tls) { chain, promise in
            // Holding on to the channel through `connection` until the handshake ends is wanted.
            verifyPeer(chain, by: verifier, admission: admission, promise: promise) { result in
                switch result {
                case .success(let credential): connection.identify(as: credential)
                case .failure(let error):
                    connection.refuse()
                    onRefusal(connection.channel.remoteAddress?.peerText ?? "unknown", error)
                }
            }
        }
    }
}
