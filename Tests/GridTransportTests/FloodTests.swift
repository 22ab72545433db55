import Foundation
import GRPCCore
import GridIdentity
import GridTransport
import GridWire
import Synchronization
import TestSupport
import Testing

/// Floods against a real listener, with somebody well behaved beside.
@Suite(.timeLimit(.minutes(2)), .serialized) struct FloodTests {
    enum Flood: String, CaseIterable, Sendable {
        /// CVE-2023-44487.
        case rapidReset
        /// CVE-2025-8671: the peer makes us reset.
        case madeYouReset
        case continuations, pings, settings, priorities, emptyData, hugeHeaders
        case windowUpdates, unknownFrames, goodbyes, crumbs

        /// Written again and again, with another stream each time where it opens one.
        func piece(_ number: Int) -> [UInt8] {
            let stream = UInt32(number * 2 + 1)
            let opening = RawPeer.frame(1, flags: 4, stream: stream, RawPeer.call())
            switch self {
            case .rapidReset: return opening + RawPeer.frame(3, stream: stream, [0, 0, 0, 8])
            // An increment of 0 is a stream error, which the server must answer with a reset.
            case .madeYouReset: return opening + RawPeer.frame(8, stream: stream, [0, 0, 0, 0])
            case .continuations:
                return number == 0
                    ? RawPeer.frame(1, stream: 1, RawPeer.call()) : RawPeer.frame(9, stream: 1, [0x40, 1, 120, 1, 121])
            case .pings: return RawPeer.frame(6, [UInt8](repeating: 7, count: 8))
            case .settings: return RawPeer.frame(4, [0, 3, 0, 0, 0, UInt8(number & 127)])
            case .priorities: return RawPeer.frame(2, stream: stream, [0, 0, 0, 0, 1])
            case .emptyData: return number == 0 ? opening : RawPeer.frame(0, stream: 1)
            case .hugeHeaders:
                let name = [UInt8](repeating: 120, count: 100)
                let header: [UInt8] = [0x00, 100] + name + [100] + name
                let large: [UInt8] = Array(repeatElement(header, count: 75).joined())
                return RawPeer.frame(1, flags: 4, stream: stream, Array((RawPeer.call() + large).prefix(16_000)))
            case .windowUpdates: return RawPeer.frame(8, [0, 0, 0, 1])
            case .unknownFrames: return RawPeer.frame(0xfa, [1, 2, 3])
            case .goodbyes: return RawPeer.frame(7, [0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 0])
            case .crumbs: return number == 0 ? opening : RawPeer.frame(0, stream: 1, [0])
            }
        }

        /// The library's, which needs a kind of its own to be heard of, or ours.
        var guardsReason: String? {
            switch self {
            case .windowUpdates, .unknownFrames, .goodbyes, .crumbs: "FLOOD_OF_\(rawValue)"
            default: nil
            }
        }
    }

    @Test(arguments: Flood.allCases)
    func `a flood ends its own connection and nobody else's`(flood: Flood) async throws {
        try await LoopbackGrid.with { grid in
            let abuse = Mutex<[String]>([])
            var settings = TransportSettings()
            // What an honest client may send in ten seconds would take a test as long.
            settings.frames.windowUpdates.count = 20_000
            settings.frames.crumbs.count = 20_000
            try await grid.serving(settings: settings, onAbuse: { _, reason in abuse.withLock { $0.append(reason) } }) {
                port in
                let good = try Transports.client(
                    host: "127.0.0.1", port: port, credentials: grid.files(.agent, "good"), loops: grid.loops)
                let files = try grid.files(.viewer, "hostile")
                let group = grid.loops.group
                try await grid.withClient(good) { client in
                    let enrolment = Noizylab_Grid_Enrolment.Client(wrapping: client)
                    _ = try await enrolment.join(Noizylab_Grid_JoinRequest())
                    let peer = try await RawPeer.connect(port: port, files: files, on: group)
                    try await withThrowingTaskGroup(of: Int.self) { group in
                        group.addTask {
                            // In lumps, as an attacker sends them.
                            for lump in 0..<200 {
                                let bytes = (0..<500).flatMap { flood.piece(lump * 500 + $0) }
                                guard await peer.send(bytes) else { return 0 }
                            }
                            return 0
                        }
                        group.addTask {
                            var calls = 0
                            while peer.isOpen {
                                let answer = try await enrolment.join(Noizylab_Grid_JoinRequest())
                                #expect(answer.certificate == "spiffe://TEST/agent/good")
                                calls += 1
                            }
                            return calls
                        }
                        await peer.closed()
                        try await group.waitForAll()
                    }
                    let after = try await enrolment.join(Noizylab_Grid_JoinRequest())
                    #expect(after.certificate == "spiffe://TEST/agent/good")
                }
            }
            if let reason = flood.guardsReason { #expect(abuse.withLock { $0 } == [reason]) }
        }
    }

    @Test func `connections of one address are bounded, and an end makes room`() async throws {
        try await LoopbackGrid.with { grid in
            let abuse = Mutex<[String]>([])
            var settings = TransportSettings()
            settings.connections.perAddress = 5
            try await grid.serving(settings: settings, onAbuse: { _, reason in abuse.withLock { $0.append(reason) } }) {
                port in
                let files = try grid.files(.viewer)
                var peers: [RawPeer] = []
                for _ in 0..<5 {
                    peers.append(try await RawPeer.connect(port: port, files: files, on: grid.loops.group))
                }
                for peer in peers { try await eventually("it is spoken to") { peer.bytesHeard > 0 } }

                let sixth = try await RawPeer.connect(port: port, files: files, on: grid.loops.group)
                await sixth.closed()
                #expect(sixth.bytesHeard == 0)
                #expect(abuse.withLock { $0 } == ["TOO_MANY_CONNECTIONS_FROM_ADDRESS"])

                peers[0].close()
                await peers[0].closed()
                var isIn = false
                while !isIn {
                    let next = try await RawPeer.connect(port: port, files: files, on: grid.loops.group)
                    try await eventually("it is spoken to or closed") { !next.isOpen || next.bytesHeard > 0 }
                    isIn = next.bytesHeard > 0
                    next.close()
                    await next.closed()
                }
                for peer in peers { peer.close() }
            }
        }
    }

    @Test func `who does not finish the handshake is let go`() async throws {
        try await LoopbackGrid.with { grid in
            var settings = TransportSettings()
            settings.handshakeTimeout = .milliseconds(300)
            try await grid.serving(settings: settings) { port in
                let begun = ContinuousClock.now
                let silent = try await SilentPeer.connect(port: port, on: grid.loops.group)
                await silent.closed()
                let took = ContinuousClock.now - begun

                #expect(took >= .milliseconds(250))
                #expect(took < .seconds(20))
            }
        }
    }
}
