import Coordinator
import Foundation
import GRPCCore
import GridIdentity
import GridModel
import GridWire
import Testing

@Suite(.timeLimit(.minutes(1)))
struct CoordinatorServiceTests {
    @Test func `a task goes through coordinator and agent and back`() async throws {
        try await withTemporaryFolder { folder in
            try await GridWorld.run(in: folder) { world in
                try await world.withAgents {
                    try await world.connected(as: .submitter) { client in
                        let grid = Noizylab_Grid_NoizyGridRPC.Client(wrapping: client)

                        var request = Noizylab_Grid_ExecuteTaskRequest()
                        request.taskType = "echo"
                        request.payload = "hello, grid"

                        let answer = try await grid.executeTask(request)

                        #expect(answer.success)
                        #expect(answer.result == "hello, grid")
                        #expect(answer.metrics["node"] == "HP-OMEN")
                        #expect(answer.metrics["attempts"] == "1")
                        #expect(answer.metrics["queued_ms"] != nil)
                        #expect(TaskID(answer.taskID) != nil)
                    }
                }
            }
        }
    }

    @Test(arguments: ["", "ephemeral"])
    func `a stream of many tasks gets every result once`(durability: String) async throws {
        try await withTemporaryFolder { folder in
            try await GridWorld.run(in: folder) { world in
                try await world.withAgents {
                    // Larger by hand, to see how fast it is.
                    let wanted = ProcessInfo.processInfo.environment
                    let count = wanted["ECHO_TASKS"].flatMap { Int($0) } ?? 3_000
                    let inFlight = wanted["ECHO_IN_FLIGHT"].flatMap { Int($0) } ?? 256
                    let run = try await EchoRun.run(world, count: count, inFlight: inFlight, durability: durability)
                    #expect(run.refs == Set(1...UInt64(count)))
                    #expect(run.failures.isEmpty)
                    print("echo \(durability.isEmpty ? "durable" : durability): \(run.summary)")
                }
            }
        }
    }
}
