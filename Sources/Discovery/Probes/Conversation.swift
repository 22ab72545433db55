import NIOCore
import NIOPosix
import NIOSSL
import NIOTLS

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// One connection to a stranger: what is said first, what comes back, and whose certificate it showed. Bounded in time
/// and size; nothing of ours is shown.
struct Conversation: Sendable {
    enum Reply: Sendable {
        case talked(bytes: [UInt8], certificate: [UInt8], milliseconds: Double)
        case failed(ProbedPort.State)
    }

    let group: any EventLoopGroup
    var connectTimeout: TimeAmount = .milliseconds(1_000)
    /// From the connection on.
    var timeout: TimeAmount = .milliseconds(2_000)

    static let sizeLimit = 64 * 1_024

    /// - Parameters:
    ///   - tls: speak TLS; any certificate will do, for it is what is asked for.
    ///   - isEnough: ends it early.
    func hold(
        _ address: String, _ port: Int, tls: NIOSSLContext? = nil, saying words: [UInt8] = [],
        isEnough: @escaping @Sendable ([UInt8]) -> Bool
    ) async -> Reply {
        let begin = ContinuousClock.now
        let timeout = timeout
        do {
            let ended = group.any().makePromise(of: ([UInt8], [UInt8]).self)
            let channel: any Channel
            do {
                channel = try await ClientBootstrap(group: group)
                    .connectTimeout(connectTimeout)
                    .channelInitializer { channel in
                        channel.eventLoop.makeCompletedFuture {
                            if let tls {
                                try channel.pipeline.syncOperations.addHandler(
                                    NIOSSLClientHandler(context: tls, serverHostname: nil))
                            }
                            try channel.pipeline.syncOperations.addHandler(
                                Listener(
                                    words: words, hasTLS: tls != nil, timeout: timeout, isEnough: isEnough,
                                    ended: ended))
                        }
                    }
                    .connect(host: address, port: port).get()
            } catch {
                // Nobody waits for it any more: the connection never was.
                ended.succeed(([], []))
                throw error
            }
            let took = (ContinuousClock.now - begin).components
            let (bytes, certificate) = try await ended.futureResult.get()
            channel.close(promise: nil)
            return .talked(
                bytes: bytes, certificate: certificate,
                milliseconds: Double(took.seconds) * 1_000 + Double(took.attoseconds) / 1e15)
        } catch {
            return .failed(Self.state(error))
        }
    }

    private static func state(_ error: any Error) -> ProbedPort.State {
        if let error = error as? IOError { return state(code: error.errnoCode) }
        if let error = error as? NIOConnectionError {
            guard let first = error.connectionErrors.first?.error else { return .silent }
            return state(first)
        }
        return .silent
    }

    private static func state(code: Int32) -> ProbedPort.State {
        switch code {
        case ECONNREFUSED, ECONNRESET: .refused
        case ETIMEDOUT: .silent
        default: .unreachable(code)
        }
    }
}

/// Says its words, gathers what comes, and ends when it is enough, too much, too late or over.
private final class Listener: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let words: [UInt8]
    private let hasTLS: Bool
    private let timeout: TimeAmount
    private let isEnough: @Sendable ([UInt8]) -> Bool
    private var ended: EventLoopPromise<([UInt8], [UInt8])>?
    private var bytes: [UInt8] = []
    private var certificate: [UInt8] = []
    private var alarm: Scheduled<Void>?

    init(
        words: [UInt8], hasTLS: Bool, timeout: TimeAmount, isEnough: @escaping @Sendable ([UInt8]) -> Bool,
        ended: EventLoopPromise<([UInt8], [UInt8])>
    ) {
        self.words = words
        self.hasTLS = hasTLS
        self.timeout = timeout
        self.isEnough = isEnough
        self.ended = ended
    }

    func channelActive(context: ChannelHandlerContext) {
        let channel = context.channel
        alarm = context.eventLoop.assumeIsolated().scheduleTask(in: timeout) {
            self.end()
            channel.close(promise: nil)
        }
        if !hasTLS { say(context) }
        context.fireChannelActive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case TLSUserEvent.handshakeCompleted = event {
            if let shown = try? context.pipeline.syncOperations.nioSSL_peerCertificate(),
                let der = try? shown.toDERBytes()
            {
                certificate = der
            }
            say(context)
        }
        context.fireUserInboundEventTriggered(event)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        bytes += Array(buffer: unwrapInboundIn(data)).prefix(Conversation.sizeLimit - bytes.count)
        if bytes.count >= Conversation.sizeLimit || isEnough(bytes) { finish(context) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        end()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { finish(context) }

    private func say(_ context: ChannelHandlerContext) {
        if words.isEmpty {
            if isEnough([]) { finish(context) }
        } else {
            context.writeAndFlush(wrapOutboundOut(context.channel.allocator.buffer(bytes: words)), promise: nil)
        }
    }

    private func finish(_ context: ChannelHandlerContext) {
        end()
        context.close(promise: nil)
    }

    private func end() {
        alarm?.cancel()
        ended?.succeed((bytes, certificate))
        ended = nil
    }
}
