import Executors
import GridModel
import Links
import TestSupport
import Testing

/// How far the other end of a road is, as the other end itself answers.
@Suite(.enabled(if: LoopbackSSH.program != nil, "sshd is not installed"), .timeLimit(.minutes(1)))
struct RoadEchoTests {
    @Test func `samples bring the round trip of the road, and the inventory its medium`() async throws {
        try await withSSHRoad { road, _ in
            var medium: String?
            var roundTrip: Int64 = 0
            for await event in road.open() {
                switch event {
                case .opened(let inventory): medium = inventory.capabilities["medium"]
                case .sample(let sample): roundTrip = sample.roundTripMicroseconds
                case .gpus, .closed: break
                }
                if roundTrip > 0 { break }
            }

            #expect((1..<5_000_000).contains(roundTrip))
            #if os(Linux)
                #expect(medium == "loopback")
            #endif
        }
    }
}
