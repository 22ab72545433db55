import GridTransport
import NIOCore
import NIOEmbedded
import Testing

struct FrameAlignerTests {
    /// What HTTP/2 does with a peer that breaks the rules: it closes the connection while it reads.
    private final class Closer: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer

        var reads = 0
        var ends = 0

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            reads += 1
            context.close(promise: nil)
        }

        func channelInactive(context: ChannelHandlerContext) { ends += 1 }
    }

    /// What a handler does that asks for more while it reads.
    private final class Asker: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer

        var heard: [UInt8] = []
        var more: ByteBuffer?

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            heard += unwrapInboundIn(data).readableBytesView
            if let next = more.take() { context.pipeline.fireChannelRead(next) }
        }
    }

    @Test func `a connection may end while what it sent is passed on`() throws {
        let closer = Closer()
        let channel = EmbeddedChannel(handlers: [FrameAligner(isServer: false), closer])
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        // Three frames of 10 KB and the beginning of a fourth: several pieces.
        var bytes: [UInt8] = []
        for _ in 0..<3 { bytes += [0, 0x27, 0x10, 0, 0, 0, 0, 0, 1] + [UInt8](repeating: 7, count: 10_000) }

        channel.pipeline.fireChannelRead(ByteBuffer(bytes: bytes + [0, 0, 1, 0, 0]))

        #expect(closer.reads > 0)
        #expect(closer.ends == 1)
    }

    @Test func `what comes while something is passed on comes behind it`() throws {
        let asker = Asker()
        let channel = EmbeddedChannel(handlers: [FrameAligner(isServer: false), asker])
        let frame: [UInt8] = [0, 0x75, 0x30, 0, 0, 0, 0, 0, 1] + (0..<30_000).map { UInt8($0 % 251) }
        asker.more = ByteBuffer(bytes: frame)

        channel.pipeline.fireChannelRead(ByteBuffer(bytes: frame))

        #expect(asker.heard == frame + frame)
        _ = try channel.finish()
    }
}
