package import NIOCore
package import NIOHTTP1

/// One request, whole.
package struct HTTPRequest: Sendable {
    package var head: HTTPRequestHead
    package var body: [UInt8]
    package let promise: EventLoopPromise<HTTPAnswer>

    package init(head: HTTPRequestHead, body: [UInt8], promise: EventLoopPromise<HTTPAnswer>) {
        self.head = head
        self.body = body
        self.promise = promise
    }
}

package struct HTTPAnswer: Sendable {
    package var head: HTTPResponseHead
    package var body: [UInt8]
}

/// Sends one request at a time and gathers its answer, which must not be larger than the bound. Whatever breaks the
/// connection fails the request that waits.
package final class HTTPExchangeHandler: ChannelDuplexHandler {
    package typealias InboundIn = HTTPClientResponsePart
    package typealias OutboundIn = HTTPRequest
    package typealias OutboundOut = HTTPClientRequestPart

    private let limitBytes: Int
    private var waiting: EventLoopPromise<HTTPAnswer>?
    private var head: HTTPResponseHead?
    private var body: [UInt8] = []

    package init(limitBytes: Int) { self.limitBytes = limitBytes }

    package func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let request = unwrapOutboundIn(data)
        guard waiting == nil, context.channel.isActive else {
            promise?.fail(ChannelError.ioOnClosedChannel)
            return request.promise.fail(ChannelError.ioOnClosedChannel)
        }
        waiting = request.promise
        context.write(wrapOutboundOut(.head(request.head)), promise: nil)
        if !request.body.isEmpty {
            context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: request.body)))), promise: nil)
        }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: promise)
    }

    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): self.head = head
        case .body(let buffer):
            guard body.count + buffer.readableBytes <= limitBytes else {
                return end(context, WinRMError(.badAnswer, "the host's answer is larger than \(limitBytes) bytes"))
            }
            body += buffer.readableBytesView
        case .end:
            guard let head, let waiting else { return }
            self.waiting = nil
            self.head = nil
            waiting.succeed(HTTPAnswer(head: head, body: body))
            body = []
        }
    }

    package func channelInactive(context: ChannelHandlerContext) {
        end(context, ChannelError.inputClosed)
        context.fireChannelInactive()
    }

    package func errorCaught(context: ChannelHandlerContext, error: any Error) { end(context, error) }

    private func end(_ context: ChannelHandlerContext, _ error: any Error) {
        let promise = waiting
        waiting = nil
        promise?.fail(error)
        context.close(promise: nil)
    }
}
