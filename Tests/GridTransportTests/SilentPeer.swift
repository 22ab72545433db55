import NIOCore
import NIOPosix

/// Connects and says nothing.
struct SilentPeer {
    private let channel: any Channel

    static func connect(port: Int, on group: any EventLoopGroup) async throws -> SilentPeer {
        SilentPeer(
            channel: try await ClientBootstrap(group: group).connect(host: "127.0.0.1", port: port).get())
    }

    func closed() async { try? await channel.closeFuture.get() }
}
