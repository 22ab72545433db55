package import NIOCore

/// Stands between TLS and HTTP/2 on both sides and passes on what came as `FrameCutter` cuts it.
package final class FrameAligner: ChannelInboundHandler {
    package typealias InboundIn = ByteBuffer
    package typealias InboundOut = ByteBuffer

    private var cutter: FrameCutter

    package init(isServer: Bool) {
        cutter = FrameCutter(isServer: isServer)
    }

    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        cutter.cut(unwrapInboundIn(data)) { piece in context.fireChannelRead(wrapInboundOut(piece)) }
    }

    package func channelInactive(context: ChannelHandlerContext) {
        if let rest = cutter.rest() { context.fireChannelRead(wrapInboundOut(rest)) }
        context.fireChannelInactive()
    }
}
