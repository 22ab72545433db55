import NIOCore
import NIOPosix

/// Asks every network of this machine for coordinators, and listens for a while.
package enum GridBrowser {
    /// Two questions, a second apart, for one may be lost (RFC 6762 §5.2). One that is heard on two networks is told for
    /// each.
    package static func browse(
        _ networks: [LocalNetwork] = LocalNetwork.multicast(), for time: Duration = .milliseconds(2_500)
    ) async -> [GridService] {
        await withTaskGroup(of: [GridService].self) { group in
            for network in networks {
                // A network that takes no multicast has nobody to be heard.
                group.addTask { (try? await listen(on: network, for: time)) ?? [] }
            }
            return await group.reduce(into: []) { $0 += $1 }
        }
    }

    private static func listen(on network: LocalNetwork, for time: Duration) async throws -> [GridService] {
        guard let empty = GridCatalogue() else { return [] }
        let socket = try await MulticastSocket.open(on: network, group: MultiThreadedEventLoopGroup.singleton)
        return try await socket.channel.executeThenClose { inbound, outbound in
            try await withThrowingTaskGroup(of: [GridService]?.self) { group in
                group.addTask {
                    var catalogue = empty
                    do {
                        for try await datagram in inbound {
                            if let message = socket.message(datagram) { catalogue.hear(message) }
                        }
                    } catch {
                        // The time is over, or the network is gone: what was heard was heard.
                    }
                    return catalogue.found
                }
                group.addTask {
                    for _ in 0..<2 {
                        try await outbound.write(MulticastSocket.datagram(empty.question))
                        try await Task.sleep(for: .seconds(1))
                    }
                    try await Task.sleep(for: time - .seconds(2))
                    return nil
                }
                var found: [GridService] = []
                while let result = try await group.next() {
                    if let result { found = result } else { group.cancelAll() }
                }
                return found
            }
        }
    }
}
