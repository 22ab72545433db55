package import NIOCore

/// Stands between TLS and HTTP/2 on both sides and passes on what came as `FrameCutter` cuts it. On a server it also
/// ends a connection whose frames are a flood (`FrameGuard`).
package final class FrameAligner: ChannelInboundHandler {
    package typealias InboundIn = ByteBuffer
    package typealias InboundOut = ByteBuffer
    package typealias OutboundOut = ByteBuffer

    private var cutter: FrameCutter
    /// Cut, and not yet passed on.
    private var waiting: [ByteBuffer] = []
    private var isPassing = false
    private let onFlood: (FrameGuard.Offence) -> Void

    package init(
        isServer: Bool, limits: FrameGuard.Limits? = nil,
        onFlood: @escaping (FrameGuard.Offence) -> Void = { _ in }
    ) {
        cutter = FrameCutter(isServer: isServer, frames: limits.map { FrameGuard($0) })
        self.onFlood = onFlood
    }

    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard cutter.offence == nil else { return }
        cutter.cut(unwrapInboundIn(data)) { waiting.append($0) }
        // What is passed on can come back as another read, or as the connection's end, before it returns.
        if isPassing { return }
        isPassing = true
        var next = 0
        while next < waiting.count {
            // Held by nobody here, or the decoder would copy it.
            var piece = ByteBuffer()
            swap(&piece, &waiting[next])
            next += 1
            context.fireChannelRead(wrapInboundOut(piece))
        }
        waiting.removeAll(keepingCapacity: true)
        isPassing = false
        guard let offence = cutter.offence else { return }
        onFlood(offence)
        // Written behind what HTTP/2 has written whole; nothing of the peer is read any more.
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: Self.calmDown)), promise: nil)
        context.close(promise: nil)
    }

    package func channelInactive(context: ChannelHandlerContext) {
        if !isPassing, let rest = cutter.rest() { context.fireChannelRead(wrapInboundOut(rest)) }
        context.fireChannelInactive()
    }

    /// GOAWAY for all streams, with ENHANCE_YOUR_CALM (RFC 9113, 6.8 and 7).
    private static let calmDown: [UInt8] = [0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x0b]
}
