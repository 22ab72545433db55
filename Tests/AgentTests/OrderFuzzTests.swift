import Foundation
import GridModel
import GridWire
import SwiftProtobuf
import Testing

/// Damaged orders over a real link: what can be read and makes no sense is left, and the agent goes on.
@Suite(.timeLimit(.minutes(1)))
struct OrderFuzzTests {
    @Test func `fuzz: damaged orders neither end an agent nor half-apply`() async throws {
        let seed = SeededDamage.announced("orders")
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

/// Chance that can be replayed, and the ways in which it damages bytes.
struct SeededDamage: RandomNumberGenerator {
    private var state: UInt64

    static func announced(_ test: String) -> SeededDamage {
        let given = ProcessInfo.processInfo.environment["NOIZYLAB_SEED"].flatMap { UInt64($0) }
        let seed = given ?? UInt64.random(in: 1...999_999)
        print("seed of \(test): NOIZYLAB_SEED=\(seed)")
        return SeededDamage(state: seed)
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }

    /// One to three bytes changed, left out or put in.
    mutating func damaged(_ bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<Int.random(in: 1...3, using: &self) where !bytes.isEmpty {
            let place = Int.random(in: 0..<bytes.count, using: &self)
            switch Int.random(in: 0..<4, using: &self) {
            case 0: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &self)
            case 1: bytes[place] = UInt8.random(in: 0...255, using: &self)
            case 2: bytes.remove(at: place)
            default: bytes.insert(UInt8.random(in: 0...255, using: &self), at: place)
            }
        }
        return bytes
    }
}
