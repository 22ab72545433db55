import NIOCore

/// Stands between TLS and HTTP/2 on both sides and passes on what came as `FrameCutter` cuts it.
final class FrameAligner: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private var cutter: FrameCutter

    init(isServer: Bool) {
        cutter = FrameCutter(isServer: isServer)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        cutter.cut(unwrapInboundIn(data)) { piece in context.fireChannelRead(wrapInboundOut(piece)) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        if let rest = cutter.rest() { context.fireChannelRead(wrapInboundOut(rest)) }
        context.fireChannelInactive()
    }
}
