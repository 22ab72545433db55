import NIOCore
import NIOTLS

/// Enters an accepted connection into the directory while it lives, and closes it when the TLS handshake takes too long.
final class ConnectionDoorkeeper: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let connection: PeerConnection
    private let directory: PeerDirectory
    private let handshakeTimeout: TimeAmount
    private var address: String?
    private var timeout: Scheduled<Void>?

    init(connection: PeerConnection, directory: PeerDirectory, handshakeTimeout: TimeAmount) {
        self.connection = connection
        self.directory = directory
        self.handshakeTimeout = handshakeTimeout
    }

    func handlerAdded(context: ChannelHandlerContext) {
        if context.channel.isActive { begin(context: context) }
    }

    func channelActive(context: ChannelHandlerContext) {
        begin(context: context)
        context.fireChannelActive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .some(.handshakeCompleted) = event as? TLSUserEvent {
            timeout?.cancel()
            timeout = nil
        }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        timeout?.cancel()
        if let address { directory.remove(connection, at: address) }
        context.fireChannelInactive()
    }

    private func begin(context: ChannelHandlerContext) {
        guard address == nil, let address = context.channel.remoteAddress?.peerText else { return }
        self.address = address
        directory.add(connection, at: address)
        let channel = context.channel
        timeout = context.eventLoop.scheduleTask(in: handshakeTimeout) { channel.close(promise: nil) }
    }
}
