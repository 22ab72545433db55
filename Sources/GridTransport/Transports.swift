import GRPCCore
package import GRPCNIOTransportHTTP2Posix
package import GridIdentity
import NIOCore
import NIOSSL

/// Makes the transports that every part of the grid speaks through. There is no plaintext one.
package enum Transports {
    /// A listener on `host:port`; port 0 takes a free one (`GridServerTransport.port` says which). Shows the authority's
    /// certificate beside its own, for machines that know the authority by its key's hash only.
    ///
    /// `loop` pins all its connections to one event loop, nil spreads them. `onRefusal` hears of every certificate that
    /// was not accepted, for the log; `onAbuse` of connections turned away or ended for being too many or too loud.
    package static func server(
        host: String, port: Int, credentials: CertificateFiles, trust: ServerTrust, loops: TransportLoops,
        loop: Int? = nil, settings: TransportSettings = TransportSettings(),
        onRefusal: @escaping @Sendable (_ remoteAddress: String, IdentityError) -> Void = { _, _ in },
        onAbuse: @escaping @Sendable (_ remoteAddress: String, _ reason: String) -> Void = { _, _ in }
    ) throws(IdentityError) -> GridServerTransport {
        let loaded = try Credentials(credentials)
        let verifier: PeerVerifier? =
            switch trust {
            case .mutual(let cluster):
                try PeerVerifier(
                    anchor: .authorities(pem: loaded.authorityPEM), side: .client, cluster: cluster,
                    roles: Set(PeerRole.allCases))
            case .serverOnly: nil
            }
        let listener = GridListener(
            host: host, port: port, tls: try loaded.serverContext(asksForCertificates: verifier != nil),
            verifier: verifier, loops: loops, loop: loop, directory: PeerDirectory(),
            gate: ConnectionGate(settings.connections), settings: settings, onRefusal: onRefusal, onAbuse: onAbuse)
        return GridServerTransport(listener: listener, config: serverConfig(settings))
    }

    /// A connection to a server of this grid, under any name or address: it is recognised by the URI name in its
    /// certificate, which must hold `serverRole` in `cluster` (nil: any cluster of this authority). All its work is on
    /// one event loop, `loops.executor(loop)`.
    package static func client(
        host: String, port: Int, credentials: CertificateFiles, serverRole: PeerRole = .coordinator,
        cluster: String? = nil, loops: TransportLoops, loop: Int = 0,
        settings: TransportSettings = TransportSettings(),
        onRefusal: @escaping @Sendable (IdentityError) -> Void = { _ in }
    ) throws -> HTTP2ClientTransport.Posix {
        let loaded = try Credentials(credentials)
        let verifier = try PeerVerifier(
            anchor: .authorities(pem: loaded.authorityPEM), side: .server, cluster: cluster, roles: [serverRole])
        return try client(
            host: host, port: port, verifier: verifier, credentials: loaded, loops: loops, loop: loop,
            settings: settings, onRefusal: onRefusal)
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

    /// A connection to an edge listener of a coordinator whose authority is known, for whoever shows an API key. The
    /// server is verified before the first call leaves, so the key reaches nobody else.
    package static func edgeClient(
        host: String, port: Int, anchor: PeerVerifier.Anchor, loops: TransportLoops, loop: Int = 0,
        settings: TransportSettings = TransportSettings(),
        onRefusal: @escaping @Sendable (IdentityError) -> Void = { _ in }
    ) throws -> HTTP2ClientTransport.Posix {
        let verifier = try PeerVerifier(anchor: anchor, side: .server, cluster: nil, roles: [.coordinator])
        return try client(
            host: host, port: port, verifier: verifier, credentials: nil, loops: loops, loop: loop, settings: settings,
            onRefusal: onRefusal)
    }

    private static func client(
        host: String, port: Int, verifier: PeerVerifier, credentials: Credentials?, loops: TransportLoops, loop: Int,
        settings: TransportSettings, onRefusal: @escaping @Sendable (IdentityError) -> Void
    ) throws -> HTTP2ClientTransport.Posix {
        var tls = HTTP2ClientTransport.Posix.TransportSecurity.TLS.defaults
        if let credentials {
            tls.certificateChain = [.bytes(Array(credentials.certificatePEM.utf8), format: .pem)]
            tls.privateKey = .bytes(Array(credentials.keyPEM.reveal().utf8), format: .pem)
            tls.trustRoots = .certificates([.bytes(Array(credentials.authorityPEM.utf8), format: .pem)])
        } else {
            tls.trustRoots = .certificates([])
        }
        // Only with verification on is the callback asked, and then nothing but the callback decides.
        tls.serverCertificateVerification = .noHostnameVerification
        tls.customVerificationCallback = { chain, promise in
            verifyPeer(chain, by: verifier, promise: promise) { result in
                if case .failure(let error) = result { onRefusal(error) }
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
