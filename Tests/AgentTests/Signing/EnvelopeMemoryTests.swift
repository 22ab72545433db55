import Agent
import Executors
import Foundation
import GridIdentity
import GridModel
import Testing

/// What a node has let in outlives its agent.
@Suite(.timeLimit(.minutes(1)))
struct EnvelopeMemoryTests {
    @Test func `an agent that was started again lets no envelope in twice`() async throws {
        let folder = FileManager.default.temporaryDirectory.path + "/noizylab-memory-\(UUID().uuidString)"
        defer { Folders.remove(folder) }
        let sealing = Sealing()
        let spec = try sealing.seal(TaskSpec(payload: .echo("once")))
        func run(_ order: Order, _ ref: AttemptRef) async throws -> AttemptOutcome? {
            let answer = Answer()
            try await withAgent {
                $0.folder = folder
                $0.requiresSignatures = true
                $0.trustedSigners = [sealing.publicKey]
            } _: { coordinator, _ in
                await coordinator.wait { !$0.heartbeats.isEmpty }
                coordinator.send([order])
                await answer.set(await coordinator.outcome(ref))
                coordinator.send([.forget(ref), Sealing.start(99, TaskSpec(payload: .echo("marker")))])
                _ = await coordinator.outcome(Sealing.ref(99))
            }
            return await answer.outcome
        }

        #expect(try await run(Sealing.start(7, spec), Sealing.ref(7))?.end == .succeeded)
        #expect(try await run(Sealing.start(8, spec), Sealing.ref(8))?.error.hasPrefix("REPLAYED") == true)
        #expect(try await run(Sealing.start(7, spec), Sealing.ref(7))?.error.hasPrefix("REPLAYED") == true)

        // A record that was torn by a crash is cut off; what stands before it is known.
        let path = folder + "/envelopes"
        let bytes = try #require(Folders.read(path))
        #expect(bytes.count == 56)
        #expect(Folders.write(bytes + bytes.prefix(20), to: path))
        #expect(try await run(Sealing.start(9, spec), Sealing.ref(9))?.error.hasPrefix("REPLAYED") == true)
        #expect(Folders.read(path)?.count == 56)
        #expect(try await run(Sealing.start(7, 2, spec), Sealing.ref(7, 2))?.end == .succeeded)
        #expect(Folders.read(path)?.count == 112)
    }

    private actor Answer {
        private(set) var outcome: AttemptOutcome?
        func set(_ outcome: AttemptOutcome?) { self.outcome = outcome }
    }
}
