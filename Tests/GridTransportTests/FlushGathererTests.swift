import GridTransport
import NIOCore
import NIOEmbedded
import Testing

@Suite struct FlushGathererTests {
    @Test func `flushes of one turn become one, in the next`() throws {
        let counter = FlushCounter()
        let channel = EmbeddedChannel(handlers: [counter, FlushGatherer()])
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()

        for text in ["a", "b", "c"] { channel.writeAndFlush(ByteBuffer(string: text), promise: nil) }
        #expect(counter.flushes == 0)
        #expect(try channel.readOutbound(as: ByteBuffer.self) == nil)
        channel.embeddedEventLoop.run()

        #expect(counter.flushes == 1)
        let sent = try (0..<3).map { _ in try channel.readOutbound(as: ByteBuffer.self).map(String.init(buffer:)) }
        #expect(sent == ["a", "b", "c"])
        channel.embeddedEventLoop.run()
        #expect(counter.flushes == 1)
        _ = try channel.finish()
    }

    @Test func `much goes at once`() throws {
        let counter = FlushCounter()
        let channel = EmbeddedChannel(handlers: [counter, FlushGatherer()])
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()

        channel.writeAndFlush(ByteBuffer(repeating: 7, count: 1_500), promise: nil)
        #expect(counter.flushes == 0)
        channel.writeAndFlush(ByteBuffer(repeating: 7, count: 1_500), promise: nil)

        #expect(counter.flushes == 1)
        channel.embeddedEventLoop.run()
        #expect(counter.flushes == 1)
        _ = try channel.finish()
    }

    @Test func `what is owed goes before the channel closes`() throws {
        let counter = FlushCounter()
        let channel = EmbeddedChannel(handlers: [counter, FlushGatherer()])
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()

        channel.writeAndFlush(ByteBuffer(string: "last"), promise: nil)
        channel.close(promise: nil)

        #expect(counter.flushes == 1)
        #expect(try channel.readOutbound(as: ByteBuffer.self) == ByteBuffer(string: "last"))
        channel.embeddedEventLoop.run()
    }
}

private final class FlushCounter: ChannelOutboundHandler {
    typealias OutboundIn = ByteBuffer

    private(set) var flushes = 0

    func flush(context: ChannelHandlerContext) {
        flushes += 1
        context.flush()
    }
}
