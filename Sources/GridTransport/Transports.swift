import GRPCCore
package import GRPCNIOTransportHTTP2Posix
package import GridIdentity
import NIOCore
import NIOSSL

/// Makes the transports that every part of the grid speaks through. There is no plaintext one.
package enum Transports {
    /// A listener on `host:port`; port 0 takes a free one (`GridServerTransport.port` says which). One without client
    /// certificates shows the authority's beside its own, for machines that know the authority by its key's hash only.
    ///
    /// `loop` pins all its connections to one event loop, nil spreads them. `admission` is asked about every good
    /// certificate; `onRefusal` hears of every one that was not accepted, and of every handshake that failed, for the log;
    /// `onAbuse` of connections turned away or ended for being too many or too loud.
    package static func server(
        host: String, port: Int, credentials: CertificateFiles, trust: ServerTrust, loops: TransportLoops,
        loop: Int? = nil, settings: TransportSettings = TransportSettings(),
        admission: @escaping PeerAdmission = { _ in },
        onRefusal: @escaping @Sendable (_ remoteAddress: String, IdentityError) -> Void = { _, _ in },
        onAbuse: @escaping @Sendable (_ remoteAddress: String, _ reason: String) -> Void = { _, _ in }
    ) throws(IdentityError) -> GridServerTransport {
        let listener = GridListener(
            host: host, port: port, identity: try ListenerIdentity(credentials, trust: trust), loops: loops, loop: loop,
            directory: PeerDirectory(), gate: ConnectionGate(settings.connections), settings: settings,
            admission: admission, onRefusal: onRefusal, onAbuse: onAbuse)
        return GridServerTransport(listener: listener, config: serverConfig(settings))
    }

    /// A connection to a server of this grid, under any name or address: it is recognised by the URI name in its
    /// certificate, which must hold `serverRole` in `cluster` (nil: any cluster of this authority). All its work is on
    /// one event loop, `loops.executor(loop)`. Certificate files that are replaced count from the next connection on.
    /// `onAcceptance` hears that the server was reached and is believed; whether it believes us is still open then.
    package static func client(
        host: String, port: Int, credentials: CertificateFiles, serverRole: PeerRole = .coordinator,
        cluster: String? = nil, loops: TransportLoops, loop: Int = 0,
        settings: TransportSettings = TransportSettings(), onAcceptance: @escaping @Sendable () -> Void = {},
        onRefusal: @escaping @Sendable (IdentityError) -> Void = { _ in }
    ) throws -> HTTP2ClientTransport.Posix {
        let identity = try ClientIdentity(credentials) { trust in
            PeerVerifier(anchor: .authorities(trust), side: .server, cluster: cluster, roles: [serverRole])
        }
        return try client(
            host: host, port: port, verifier: { identity.verifier }, identity: identity, loops: loops, loop: loop,
            settings: settings, onAcceptance: onAcceptance, onRefusal: onRefusal)
    }

    /// A connection for a machine that has no certificate yet, to the edge listener of the coordinator whose authority's
    /// key has this hash.
    package static func joinClient(
        host: String, port: Int, authorityKeyHash: [UInt8], loops: TransportLoops, loop: Int = 0,
        settings: TransportSettings = TransportSettings(),
        onRefusal: @escaping @Sendable (IdentityError) -> Void = { _ in }
    ) throws -> HTTP2ClientTransport.Posix {
        try edgeClient(
            host: host, port: port, anchor: .keyHash(authorityKeyHash), loops: loops, loop: loop, settings: settings,
            onRefusal: onRefusal)
    }

    /// A connection to the edge listener of a coordinator whose authority is known: for whoever shows an API key, and for
    /// a machine whose certificate opens nothing any more. The server is verified before the first call leaves, so a key
    /// reaches nobody else. With `cluster` nil any cluster of that authority will do.
    package static func edgeClient(
        host: String, port: Int, anchor: PeerVerifier.Anchor, cluster: String? = nil, loops: TransportLoops,
        loop: Int = 0, settings: TransportSettings = TransportSettings(),
        onRefusal: @escaping @Sendable (IdentityError) -> Void = { _ in }
    ) throws -> HTTP2ClientTransport.Posix {
        let verifier = PeerVerifier(anchor: anchor, side: .server, cluster: cluster, roles: [.coordinator])
        return try client(
            host: host, port: port, verifier: { verifier }, identity: nil, loops: loops, loop: loop, settings: settings,
            onRefusal: onRefusal)
    }

    private static func client(
        host: String, port: Int, verifier: @escaping @Sendable () -> PeerVerifier, identity: ClientIdentity?,
        loops: TransportLoops, loop: Int, settings: TransportSettings,
        onAcceptance: @escaping @Sendable () -> Void = {},
        onRefusal: @escaping @Sendable (IdentityError) -> Void
    ) throws -> HTTP2ClientTransport.Posix {
        var tls = HTTP2ClientTransport.Posix.TransportSecurity.TLS.defaults
        // What is believed is the callback's decision.
        tls.trustRoots = .certificates([])
        if let identity {
            let credentials = identity.credentials
            tls.certificateChain = [.bytes(Array(credentials.certificatePEM.utf8), format: .pem)]
            tls.privateKey = .bytes(Array(credentials.keyPEM.reveal().utf8), format: .pem)
            tls.certificateReloader = identity
        }
        // Only with verification on is the callback asked, and then nothing but the callback decides.
        tls.serverCertificateVerification = .noHostnameVerification
        tls.customVerificationCallback = { chain, promise in
            verifyPeer(chain, by: verifier(), promise: promise) { result in
                switch result {
                case .success: onAcceptance()
                case .failure(let error): onRefusal(error)
                }
            }
        }
        return try HTTP2ClientTransport.Posix(
            target: target(host: host, port: port), transportSecurity: .tls(tls), config: clientConfig(settings),
            serviceConfig: serviceConfig(settings), eventLoopGroup: loops.loop(loop))
    }

    /// An address is not looked up, and not sent as a server name: TLS forbids it.
    private static func target(host: String, port: Int) -> any ResolvableTarget {
        switch try? SocketAddress(ipAddress: host, port: port) {
        case .v4: .ipv4(address: host, port: port)
        case .v6: .ipv6(address: host, port: port)
        default: .dns(host: host, port: port)
        }
    }
}
