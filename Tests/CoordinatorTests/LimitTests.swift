import Coordinator
import GRPCCore
import GRPCProtobuf
import GridIdentity
import GridLogic
import GridModel
import GridWire
import SwiftProtobuf
import Synchronization
import TestSupport
import Testing

/// What one caller may ask, over the wire.
@Suite(.timeLimit(.minutes(1))) struct LimitTests {
    @Test func `who asks too often is refused and told when to come back, and nobody else is`() async throws {
        try await withTemporaryFolder { folder in
            try await GridWorld.run(in: folder) { settings in
                settings.limits.read = BucketRate(perSecond: 1, burst: 2)
            } _: { world in
                try await world.connected(as: .viewer, "eager") { client in
                    let admin = Noizylab_Grid_Admin.Client(wrapping: client)
                    for _ in 0..<2 { _ = try await admin.listNodes(.init()) }
                    let error = await #expect(throws: RPCError.self) {
                        for _ in 0..<100 { _ = try await admin.listNodes(.init()) }
                    }
                    #expect(error?.code == .resourceExhausted)
                    let details = try error?.unpackGoogleRPCStatus()?.details ?? []
                    #expect(details.compactMap(\.errorInfo).first?.reason == "RATE_LIMITED")
                    let delay = try #require(details.compactMap(\.retryInfo).first?.delay)
                    #expect(delay > .zero && delay <= .seconds(1))

                    try await Task.sleep(for: delay + .milliseconds(20))
                    _ = try await admin.listNodes(.init())
                }
                try await world.connected(as: .viewer, "patient") { client in
                    _ = try await Noizylab_Grid_Admin.Client(wrapping: client).listNodes(.init())
                }
            }
        }
    }

    @Test func `of a lump of tasks that is too large the rest is refused, one by one`() async throws {
        try await withTemporaryFolder { folder in
            try await GridWorld.run(in: folder) { settings in
                settings.limits.submit = BucketRate(perSecond: 100, burst: 200)
                // Other participants of this world ask too.
                settings.limits.contendedDivisor = 1
            } _: { world in
                try await world.withAgents {
                    let (done, refused) = try await Self.submit(1_000, as: .submitter, in: world)

                    #expect(done == 300)
                    #expect(refused.count == 700)
                    #expect(Set(refused.map(\.reason)) == ["RATE_LIMITED"])
                    #expect(refused.allSatisfy { $0.retryAfterMs >= 1_000 })
                    // An operator has room for more.
                    let (all, none) = try await Self.submit(1_000, as: .operator, in: world)
                    #expect(all == 1_000 && none.isEmpty)
                }
            }
        }
    }

    /// All in one message.
    private static func submit(
        _ count: Int, as role: PeerRole, in world: GridWorld
    ) async throws -> (done: Int, refused: [Noizylab_Grid_RefusalInfo]) {
        try await world.connected(as: role, "sender") { client in
            try await Noizylab_Grid_Tasks.Client(wrapping: client).runTasks { writer in
                try await writer.write(
                    .with { request in
                        request.submissions = (0..<count).map { number in
                            .with {
                                $0.ref = UInt64(number)
                                $0.spec.echo.text = "x"
                                $0.spec.durability = "ephemeral"
                            }
                        }
                    })
            } onResponse: { response in
                var done = 0
                var refused: [Noizylab_Grid_RefusalInfo] = []
                for try await message in response.messages {
                    for result in message.results {
                        if result.hasRefusal { refused.append(result.refusal) } else { done += 1 }
                    }
                }
                return (done, refused)
            }
        }
    }

    @Test func `calls that are open at once are bounded, and an end makes room`() async throws {
        try await withTemporaryFolder { folder in
            try await GridWorld.run(in: folder) { settings in
                settings.limits.openCalls = 3
            } _: { world in
                try await world.connected(as: .viewer, "many") { client in
                    try await withThrowingTaskGroup(of: Void.self) { group in
                        for _ in 0..<3 {
                            group.addTask {
                                try await Noizylab_Grid_Admin.Client(wrapping: client).events(
                                    .with { $0.follow = true }
                                ) {
                                    for try await _ in $0.messages {}
                                }
                            }
                        }
                        try await eventually("three calls are open") { world.gateway.openCalls.count >= 3 }
                        let admin = Noizylab_Grid_Admin.Client(wrapping: client)

                        let error = await #expect(throws: RPCError.self) { try await admin.listNodes(.init()) }
                        #expect(error?.code == .resourceExhausted)
                        let details = try error?.unpackGoogleRPCStatus()?.details ?? []
                        #expect(details.compactMap(\.errorInfo).first?.reason == "TOO_MANY_OPEN_CALLS")
                        group.cancelAll()
                        while (try? await group.next()) != nil {}
                        try await eventually("no call is open") { world.gateway.openCalls.count == 0 }
                        _ = try await admin.listNodes(.init())
                    }
                }
            }
        }
    }
}
