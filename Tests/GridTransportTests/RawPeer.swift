import GridIdentity
import NIOCore
import NIOPosix
import NIOSSL
import Synchronization

/// A client that speaks TLS as it should and HTTP/2 as it likes: what an attacker writes.
struct RawPeer {
    private let channel: any Channel
    private let heard: Heard

    /// `files`: of a certificate to show; nil on a listener that asks for none.
    static func connect(
        port: Int, files: CertificateFiles?, on group: any EventLoopGroup
    ) async throws -> RawPeer {
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.certificateVerification = .none
        tls.applicationProtocols = ["h2"]
        if let files {
            tls.certificateChain = try NIOSSLCertificate.fromPEMFile(files.certificate).map { .certificate($0) }
            tls.privateKey = .privateKey(try NIOSSLPrivateKey(file: files.key, format: .pem))
        }
        let context = try NIOSSLContext(configuration: tls)
        let heard = Heard()
        let channel = try await ClientBootstrap(group: group)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHandler(NIOSSLClientHandler(context: context, serverHostname: nil))
                    try pipeline.addHandler(heard)
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
        let peer = RawPeer(channel: channel, heard: heard)
        await peer.send(Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + Self.frame(4))
        return peer
    }

    /// Errors are what a closed connection gives: then there is nothing more to send.
    @discardableResult
    func send(_ bytes: [UInt8]) async -> Bool {
        do {
            try await channel.writeAndFlush(ByteBuffer(bytes: bytes)).get()
            return true
        } catch {
            return false
        }
    }

    /// Writes the same again until the connection is closed or it was written so often.
    func flood(_ piece: [UInt8], times: Int) async {
        for _ in 0..<times {
            guard channel.isActive, await send(piece) else { return }
        }
    }

    func close() { channel.close(promise: nil) }

    /// Returns when the server has closed the connection.
    func closed() async { try? await channel.closeFuture.get() }

    var isOpen: Bool { channel.isActive }
    var bytesHeard: Int { heard.count }

    static func frame(_ type: UInt8, flags: UInt8 = 0, stream: UInt32 = 0, _ payload: [UInt8] = []) -> [UInt8] {
        let length = payload.count
        return [
            UInt8(length >> 16), UInt8(length >> 8 & 255), UInt8(length & 255), type, flags, UInt8(stream >> 24),
            UInt8(stream >> 16 & 255), UInt8(stream >> 8 & 255), UInt8(stream & 255),
        ] + payload
    }

    /// The headers of a call, written plainly (RFC 7541: indexed, or literal without Huffman).
    static func call(_ path: String = "/noizylab.grid.Enrolment/Join") -> [UInt8] {
        var block: [UInt8] = [0x83, 0x87, 0x04, UInt8(path.utf8.count)] + Array(path.utf8)
        block += [0x01, 4] + Array("grid".utf8)
        block += [0x0f, 0x10, 16] + Array("application/grpc".utf8)
        block += [0x00, 2] + Array("te".utf8) + [8] + Array("trailers".utf8)
        return block
    }
}

private final class Heard: ChannelInboundHandler, Sendable {
    typealias InboundIn = ByteBuffer

    private let bytes = Mutex(0)

    var count: Int { bytes.withLock { $0 } }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let count = unwrapInboundIn(data).readableBytes
        bytes.withLock { $0 += count }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
