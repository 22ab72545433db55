import NIOCore
import NIOSSL
import NIOTLS

/// Enters an accepted connection into the directory while it lives. Turns it away when there are too many, and closes it
/// when its TLS handshake takes too long.
final class ConnectionDoorkeeper: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private enum Standing {
        case unseen
        case handshaking(Admission, timeout: Scheduled<Void>)
        case known(Admission)
        case gone
    }

    private struct Admission {
        let address: String
        let host: String
    }

    private let connection: PeerConnection
    private let directory: PeerDirectory
    private let gate: ConnectionGate
    private let handshakeTimeout: TimeAmount
    private let onFailedHandshake: @Sendable (_ remoteAddress: String, any Error) -> Void
    private let onAbuse: @Sendable (_ remoteAddress: String, _ reason: String) -> Void
    private var standing = Standing.unseen

    init(
        connection: PeerConnection, directory: PeerDirectory, gate: ConnectionGate, handshakeTimeout: TimeAmount,
        onFailedHandshake: @escaping @Sendable (_ remoteAddress: String, any Error) -> Void,
        onAbuse: @escaping @Sendable (_ remoteAddress: String, _ reason: String) -> Void
    ) {
        self.connection = connection
        self.directory = directory
        self.gate = gate
        self.handshakeTimeout = handshakeTimeout
        self.onFailedHandshake = onFailedHandshake
        self.onAbuse = onAbuse
    }

    func handlerAdded(context: ChannelHandlerContext) {
        if context.channel.isActive { begin(context: context) }
    }

    func channelActive(context: ChannelHandlerContext) {
        begin(context: context)
        context.fireChannelActive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .some(.handshakeCompleted) = event as? TLSUserEvent, case .handshaking(let who, let timeout) = standing
        {
            timeout.cancel()
            gate.finishHandshake(who.host)
            standing = .known(who)
        }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // What the peer did not like about us, as far as it says so. Rubbish that is not TLS is nothing to tell.
        if case .handshaking(let who, _) = standing, !connection.isRefused,
            case NIOSSLError.handshakeFailed = error
        {
            onFailedHandshake(who.address, error)
        }
        context.fireErrorCaught(error)
    }

    func channelInactive(context: ChannelHandlerContext) {
        switch standing {
        case .handshaking(let who, let timeout):
            timeout.cancel()
            leave(who, wasHandshaking: true)
        case .known(let who): leave(who, wasHandshaking: false)
        case .unseen, .gone: break
        }
        standing = .gone
        context.fireChannelInactive()
    }

    private func begin(context: ChannelHandlerContext) {
        guard case .unseen = standing, let remote = context.channel.remoteAddress, let address = remote.peerText else {
            return
        }
        let who = Admission(address: address, host: AddressGroup.of(remote.ipAddress ?? "local"))
        if let refusal = gate.open(who.host, at: NIODeadline.now().uptimeNanoseconds) {
            standing = .gone
            onAbuse(address, refusal.rawValue)
            context.channel.close(promise: nil)
            return
        }
        directory.add(connection, at: address)
        let channel = context.channel
        let timeout = context.eventLoop.scheduleTask(in: handshakeTimeout) { channel.close(promise: nil) }
        standing = .handshaking(who, timeout: timeout)
    }

    private func leave(_ who: Admission, wasHandshaking: Bool) {
        gate.close(who.host, wasHandshaking: wasHandshaking)
        directory.remove(connection, at: who.address)
    }
}
