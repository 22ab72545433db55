import Foundation
import GridModel
import GridWire
import SwiftProtobuf
import TestSupport
import Testing

/// Damaged orders over a real link: what can be read and makes no sense is left, and the agent goes on.
@Suite(.timeLimit(.minutes(1)))
struct OrderFuzzTests {
    @Test func `fuzz: damaged orders neither end an agent nor half-apply`() async throws {
        let seed = SeededChance.announced(for: "orders")
        try await withAgent { coordinator, _ in
            var random = seed
            await coordinator.wait { !$0.heartbeats.isEmpty }
            var whole = Noizylab_Grid_ToAgent()
            whole.outputAcks = [.init(Sealing.ref(3), offset: 10)]
            whole.heartbeatNumber = 77
            // The program exists nowhere, whatever becomes of the rest.
            let program = Command(invocation: .arguments(["/nonexistent/program", "x"]))
            whole.orders = [
                .init(Sealing.start(1, TaskSpec(payload: .echo("/nonexistent/echo"), metadata: ["a": "b"]))),
                .init(Sealing.start(2, TaskSpec(payload: .command(program), retries: 1))),
                .init(.cancel(Sealing.ref(3), graceMilliseconds: 5)), .init(.forget(Sealing.ref(4))),
            ]
            let bytes: [UInt8] = [UInt8](try whole.serializedBytes() as Data)
            var sent = 0
            for round in 1...1_500 {
                let damaged = random.damaged(bytes)
                guard var message = try? Noizylab_Grid_ToAgent(serializedBytes: Data(damaged)) else { continue }
                // An interval that was hit by chance would only make the test wait.
                message.clearWelcome()
                coordinator.send(message)
                sent += 1
                if round.isMultiple(of: 100) {
                    let marker = UInt64(1_000_000 + round)
                    coordinator.send([Sealing.start(marker, TaskSpec(payload: .echo("marker")))])
                    let outcome = await coordinator.outcome(Sealing.ref(marker))
                    #expect(outcome?.inlineOutput?.stdout == Array("marker".utf8))
                }
            }
            print("orders: \(sent) damaged messages could be read and were sent")
            #expect(coordinator.seen.hellos.count == 1, "the link never broke")
        }
    }
}
