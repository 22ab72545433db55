package import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle

/// Announces a coordinator on every network that it is in, answers who asks, and takes it back at the end. That a
/// network does not take it is no reason to end: machines can be named by hand.
package struct GridAnnouncer: Sendable {
    private let service: GridService
    private let logger: Logger

    /// How often the machine's networks are looked at: it may have moved.
    private static let look: Duration = .seconds(10)
    /// The same is not said to everybody more often (RFC 6762 §6).
    private static let leastGap: Duration = .seconds(1)

    /// - Parameter service: its addresses are those of each network.
    package init(_ service: GridService, logger: Logger) {
        self.service = service
        self.logger = logger
    }

    package func run() async {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                let networks = LocalNetwork.multicast()
                await withTaskGroup(of: Void.self) { group in
                    for network in networks { group.addTask { await announce(on: network) } }
                    group.addTask {
                        while !Task.isCancelled, LocalNetwork.multicast() == networks {
                            try? await Task.sleep(for: Self.look)
                        }
                    }
                    // The last to be added ends when the networks are others; one that failed waits with it.
                    await waitForChange(&group)
                    group.cancelAll()
                }
            }
        }
    }

    private func waitForChange(_ group: inout TaskGroup<Void>) async {
        // Announcing never returns by itself, so the first that returns is the one that looks.
        await group.next()
    }

    private func announce(on network: LocalNetwork) async {
        var service = service
        service.addresses = [network.address]
        guard let words = GridAnnouncement(service) else { return }
        do {
            let socket = try await MulticastSocket.open(on: network, group: MultiThreadedEventLoopGroup.singleton)
            try await socket.channel.executeThenClose { inbound, outbound in
                await withThrowingTaskGroup(of: Void.self) { group in
                    defer { group.cancelAll() }
                    group.addTask {
                        // Twice, a second apart (RFC 6762 §8.3).
                        for _ in 0..<2 {
                            try await outbound.write(MulticastSocket.datagram(words.announcement()))
                            try await Task.sleep(for: .seconds(1))
                        }
                    }
                    group.addTask { try await answer(inbound, outbound, socket, words) }
                    while case .success? = await group.nextResult() {}
                }
                // However it ended: others would believe it for an hour. The channel itself knows no cancellation.
                let farewell = try MulticastSocket.datagram(words.announcement(isLeaving: true))
                try await socket.channel.channel.writeAndFlush(farewell).get()
            }
            if Task.isCancelled { return }
        } catch is CancellationError {
            return
        } catch {
            logger.warning(
                "The coordinator cannot be announced on a network",
                metadata: ["interface": "\(network.interface)", "error": "\(error)"])
        }
        // Until the networks change, nothing will be better here.
        while !Task.isCancelled { try? await Task.sleep(for: .seconds(3_600)) }
    }

    private func answer(
        _ inbound: NIOAsyncChannelInboundStream<MulticastSocket.Datagram>,
        _ outbound: NIOAsyncChannelOutboundWriter<MulticastSocket.Datagram>, _ socket: MulticastSocket,
        _ words: GridAnnouncement
    ) async throws {
        var last: ContinuousClock.Instant?
        for try await datagram in inbound {
            guard let query = socket.message(datagram), var answer = words.answer(to: query) else { continue }
            if datagram.remoteAddress.port != MulticastSocket.port {
                // A plain DNS client that asks from a port of its own: to it alone, in its words (RFC 6762 §6.7).
                answer.id = query.id
                answer.questions = query.questions
                for index in answer.answers.indices {
                    answer.answers[index].seconds = min(10, answer.answers[index].seconds)
                }
                try await outbound.write(MulticastSocket.datagram(answer, to: datagram.remoteAddress))
                continue
            }
            if let last, ContinuousClock.now - last < Self.leastGap { continue }
            last = .now
            try await outbound.write(MulticastSocket.datagram(answer))
        }
    }
}
