import Discovery
import GridIdentity
import NIOCore
import NIOPosix
import NIOSSL
import Synchronization
import Testing

/// Real connections to listeners of this test, on loopback.
@Suite(.timeLimit(.minutes(1)))
struct HostProbeTests {
    private let group = MultiThreadedEventLoopGroup.singleton
    private static let here = IPv4Address(0x7F00_0001)

    /// Listens, says `words` to whoever connects, or once it has heard something, and closes unless it is to stay.
    private func listener(
        saying words: [UInt8], afterHearing: Bool = false, closes: Bool = true, tls: NIOSSLContext? = nil
    ) async throws -> any Channel {
        try await ServerBootstrap(group: group)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let tls { try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls)) }
                    try channel.pipeline.syncOperations.addHandler(
                        Speaker(words: words, afterHearing: afterHearing, closes: closes))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
    }

    private func look(_ kind: ProbedPort.Kind, _ channel: any Channel) async throws -> FoundHost {
        var settings = HostProbe.Settings()
        settings.ports = [(kind, try #require(channel.localAddress?.port))]
        let found = try await HostProbe(group: group, settings: settings).look(at: Self.here)
        try await channel.close()
        return found
    }

    @Test func `an SSH server is known by its first line, however much follows`() async throws {
        let words = Array("SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n".utf8) + [UInt8](repeating: 65, count: 100_000)
        let found = try await look(.ssh, try await listener(saying: words, closes: false))

        #expect(found.port(.ssh)?.words == "SSH-2.0-OpenSSH_9.2p1 Debian-2")
        #expect(HostGuess(found).kind == .linux)
    }

    @Test func `one that says nothing, floods or speaks otherwise is open, and nothing more`() async throws {
        for words in [[], [UInt8](repeating: 0, count: 1 << 20), Array("220 mail\u{1B}[2J\r\n".utf8)] {
            let found = try await look(.ssh, try await listener(saying: words, closes: !words.isEmpty))
            #expect(found.port(.ssh)?.words == "")
        }
    }

    @Test func `WS-Management says its product and version`() async throws {
        let body = """
            <s:Envelope><s:Body><wsmid:IdentifyResponse><wsmid:ProtocolVersion>http://x</wsmid:ProtocolVersion>\
            <wsmid:ProductVendor>Microsoft Corporation</wsmid:ProductVendor>\
            <wsmid:ProductVersion>OS: 10.0.20348 SP: 0.0 Stack: 3.0</wsmid:ProductVersion></wsmid:IdentifyResponse>\
            </s:Body></s:Envelope>
            """
        let answer =
            "HTTP/1.1 200 \r\nServer: Microsoft-HTTPAPI/2.0\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
        let found = try await look(.wsman, try await listener(saying: Array(answer.utf8), afterHearing: true))

        #expect(found.port(.wsman)?.words == "Microsoft Corporation OS: 10.0.20348 SP: 0.0 Stack: 3.0")
        #expect(HostGuess(found).kind == .windows)
    }

    @Test func `a listener that answers strangers with 401 is known by its server line`() async throws {
        let answer = "HTTP/1.1 401 \r\nServer: Microsoft-HTTPAPI/2.0\r\nWWW-Authenticate: Negotiate\r\n\r\n"
        let found = try await look(.wsman, try await listener(saying: Array(answer.utf8), afterHearing: true))

        #expect(found.port(.wsman)?.words == "Microsoft-HTTPAPI/2.0")
    }

    @Test func `nothing that listens is refused, and says that the machine is there`() async throws {
        let gone = try await listener(saying: [])
        let port = try #require(gone.localAddress?.port)
        try await gone.close()
        var settings = HostProbe.Settings()
        settings.ports = [(.ssh, port)]

        let found = try await HostProbe(group: group, settings: settings).look(at: Self.here)

        #expect(found.ports.map(\.state) == [.refused])
        #expect(found.isThere)
    }

    @Test func `no more machines at a time, and no more connections a second, than was said`() async throws {
        var settings = HostProbe.Settings()
        settings.ports = [(.ssh, 1)]
        settings.width = 4
        settings.rate = 100
        let probe = try HostProbe(group: group, settings: settings)
        let addresses = Array(try #require(IPv4Network("127.0.0.0/26")).hosts)
        let heard = Mutex<[IPv4Address]>([])
        let begin = ContinuousClock.now

        await probe.search(addresses) { host in heard.withLock { $0.append(host.address) } }

        #expect(Set(heard.withLock { $0 }) == Set(addresses))
        #expect(ContinuousClock.now - begin >= .milliseconds(600), "62 connections at 100 a second")
    }
}

/// Says something to whoever connects.
private final class Speaker: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let words: [UInt8]
    private let afterHearing: Bool
    private let closes: Bool

    init(words: [UInt8], afterHearing: Bool, closes: Bool) {
        self.words = words
        self.afterHearing = afterHearing
        self.closes = closes
    }

    func channelActive(context: ChannelHandlerContext) { if !afterHearing { speak(context) } }
    func channelRead(context: ChannelHandlerContext, data: NIOAny) { if afterHearing { speak(context) } }

    private func speak(_ context: ChannelHandlerContext) {
        let channel = context.channel
        let closes = closes
        channel.writeAndFlush(channel.allocator.buffer(bytes: words)).whenComplete { _ in
            if closes { channel.close(promise: nil) }
        }
    }
}
