import Crypto
import GridModel
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Synchronization

/// Opens connections to one host, and believes its certificate or not.
package struct HostConnector: Sendable {
    private static let answerLimit = 4 << 20

    package let settings: WinRMSettings
    private let context: NIOSSLContext?
    private let memory = Memory()

    /// What its connections learned.
    private final class Memory: Sendable {
        struct State {
            var hasLoggedOn = false
            /// SHA-256 of the certificate that the host showed last.
            var certificate = ""
        }

        let state = Mutex(State())
    }

    var hasLoggedOn: Bool { memory.state.withLock { $0.hasLoggedOn } }

    func didLogOn() { memory.state.withLock { $0.hasLoggedOn = true } }

    /// It let us in once, and has shown no other certificate than the pinned one: a connection that is cut says nothing
    /// about it.
    var isTrusted: Bool {
        memory.state.withLock { state in
            guard case .pin(let pin) = settings.trust, !state.certificate.isEmpty else { return state.hasLoggedOn }
            return state.hasLoggedOn && state.certificate == Hexadecimal.encode(pin)
        }
    }

    /// What a failed handshake means.
    func distrust(_ error: any Error) -> WinRMError {
        let certificate = memory.state.withLock { $0.certificate }
        switch settings.trust {
        case .pin(let pin) where !certificate.isEmpty && certificate != Hexadecimal.encode(pin):
            return WinRMError(
                .untrusted,
                "the certificate of \(settings.endpoint) is not the pinned one: it has sha256:\(certificate)")
        case .pin, .authorities, .system:
            return WinRMError(
                .untrusted,
                "the certificate of \(settings.endpoint) is not to be trusted, or there is no TLS: \(error)")
        }
    }

    /// - Throws: `configuration`, when the settings must not be used or name files that cannot be.
    package init(settings: WinRMSettings) throws(WinRMError) {
        try settings.check()
        self.settings = settings
        guard settings.isSecure else {
            context = nil
            return
        }
        var configuration = TLSConfiguration.makeClientConfiguration()
        switch settings.trust {
        case .pin: configuration.certificateVerification = .noHostnameVerification
        case .authorities(let file): configuration.trustRoots = .file(file)
        case .system: configuration.trustRoots = .default
        }
        do {
            if case .certificate(let file, let key) = settings.authentication {
                configuration.certificateChain = try NIOSSLCertificate.fromPEMFile(file).map { .certificate($0) }
                configuration.privateKey = .privateKey(try NIOSSLPrivateKey(file: key, format: .pem))
                // HTTP.sys asks for it in the handshake, or in the middle, which TLS 1.3 has no place for.
                configuration.maximumTLSVersion = .tlsv12
            }
            context = try NIOSSLContext(configuration: configuration)
        } catch {
            throw WinRMError(.configuration, "the certificate files for \(settings.host) cannot be used: \(error)")
        }
    }

    func open() async throws -> any Channel {
        let bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connectTimeout(.seconds(settings.connectSeconds))
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelInitializer { [settings, context, memory] channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if let context { try pipeline.addHandler(Self.tls(settings, context, memory)) }
                    try pipeline.addHTTPClientHandlers()
                    try pipeline.addHandler(HTTPExchangeHandler(limitBytes: Self.answerLimit))
                }
            }
        do {
            return try await bootstrap.connect(host: settings.host, port: settings.port).get()
        } catch {
            throw WinRMError(
                .unreachable,
                "cannot connect to \(settings.endpoint): \(error). Is WinRM on there? "
                    + "`Enable-PSRemoting` starts it; the firewall must let port \(settings.port) in")
        }
    }

    private static func tls(
        _ settings: WinRMSettings, _ context: NIOSSLContext, _ memory: Memory
    ) throws -> NIOSSLClientHandler {
        let isAddress = (try? SocketAddress(ipAddress: settings.host, port: 0)) != nil
        let name = isAddress ? nil : settings.host
        guard case .pin(let pin) = settings.trust else {
            return try NIOSSLClientHandler(context: context, serverHostname: name)
        }
        return try NIOSSLClientHandler(
            context: context, serverHostname: name,
            customVerificationCallback: { chain, promise in
                let leaf = (try? chain.first?.toDERBytes()) ?? []
                let shown = Array(SHA256.hash(data: leaf))
                memory.state.withLock { $0.certificate = Hexadecimal.encode(shown) }
                promise.succeed(shown == pin ? .certificateVerified : .failed)
            })
    }
}
