import NIOCore
import NIOPosix

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// The socket of multicast DNS on one network: port 5353, shared with whoever else speaks it on this machine.
struct MulticastSocket: Sendable {
    typealias Datagram = AddressedEnvelope<ByteBuffer>

    static let port = 5_353
    // 224.0.0.251, RFC 6762 §3.
    static let group = IPv4Address(0xE000_00FB)

    let network: LocalNetwork
    let channel: NIOAsyncChannel<Datagram, Datagram>

    static func open(on network: LocalNetwork, group loops: any EventLoopGroup) async throws -> MulticastSocket {
        let bootstrap = DatagramBootstrap(group: loops)
            .channelOption(.socketOption(.so_reuseaddr), value: 1)
            .channelOption(.socket(SocketOptionLevel(SOL_SOCKET), SocketOptionName(SO_REUSEPORT)), value: 1)
        let channel = try await bootstrap.bind(host: "0.0.0.0", port: port) { channel in
            channel.eventLoop.makeCompletedFuture {
                try NIOAsyncChannel<Datagram, Datagram>(wrappingChannelSynchronously: channel)
            }
        }
        let bare = channel.channel
        do {
            guard let options = bare as? any SocketOptionProvider, let multicast = bare as? any MulticastChannel else {
                preconditionFailure("a datagram channel of NIO without socket options")
            }
            // `in_addr`: the address in the order of the network.
            try await options.unsafeSetSocketOption(
                level: .ip, name: .ip_multicast_if, value: network.address.number.bigEndian
            ).get()
            // RFC 6762 §11: 255 shows whoever receives it that it came from this link.
            try await options.setIPMulticastTTL(255).get()
            try await options.setIPMulticastLoop(1).get()
            let device = try System.enumerateDevices().first {
                $0.interfaceIndex == network.index && $0.address.flatMap(IPv4Address.init) == network.address
            }
            try await multicast.joinGroup(SocketAddress(ipAddress: "\(Self.group)", port: port), device: device).get()
        } catch {
            bare.close(promise: nil)
            throw error
        }
        return MulticastSocket(network: network, channel: channel)
    }

    static func datagram(_ message: DNSMessage, to address: SocketAddress? = nil) throws -> Datagram {
        let everybody = try SocketAddress(ipAddress: "\(group)", port: port)
        return Datagram(remoteAddress: address ?? everybody, data: ByteBuffer(bytes: message.bytes))
    }

    /// The message of somebody on this network; what comes from elsewhere is not answered (RFC 6762 §11).
    func message(_ datagram: Datagram) -> DNSMessage? {
        guard let sender = IPv4Address(datagram.remoteAddress), network.network.contains(sender) else { return nil }
        return try? DNSMessage(reading: Array(buffer: datagram.data))
    }
}
