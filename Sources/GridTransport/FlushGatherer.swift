package import NIOCore

/// Stands between TLS and HTTP/2 on both sides and makes one flush of all that are asked for in one turn of the event
/// loop.
///
/// Every call and stream of a connection flushes for itself, and each flush that is passed on is a TLS record, a system
/// call, and a wake-up of the peer. This waits for no time, as the library's own coalescing does: what is gathered goes
/// as soon as the loop has done what it had to do when the first flush was asked for. More than `limit` bytes go at once,
/// so that the peer begins while this side still works.
package final class FlushGatherer: ChannelOutboundHandler {
    package typealias OutboundIn = ByteBuffer
    package typealias OutboundOut = ByteBuffer

    private static let limit = 2 * 1024

    /// Written and not yet flushed.
    private var bytes = 0
    private var hasWritten = false
    /// A flush was asked for and is not yet passed on.
    private var isOwed = false
    private var isScheduled = false

    package init() {}

    package func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        bytes += unwrapOutboundIn(data).readableBytes
        hasWritten = true
        context.write(data, promise: promise)
        if isOwed, bytes >= Self.limit { pass(context) }
    }

    package func flush(context: ChannelHandlerContext) {
        guard hasWritten else { return }
        isOwed = true
        // A loop that shuts down takes no more work.
        if bytes >= Self.limit || !context.channel.isActive { return pass(context) }
        if isScheduled { return }
        isScheduled = true
        context.eventLoop.assumeIsolated().execute { [self] in
            isScheduled = false
            if isOwed { pass(context) }
        }
    }

    package func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        if isOwed { pass(context) }
        context.close(mode: mode, promise: promise)
    }

    package func handlerRemoved(context: ChannelHandlerContext) {
        isOwed = false
    }

    private func pass(_ context: ChannelHandlerContext) {
        isOwed = false
        hasWritten = false
        bytes = 0
        context.flush()
    }
}
