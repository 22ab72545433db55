import GridLogic
import GridModel
import Testing

@Suite struct PreemptionChoiceTests {
    private static func ledger(cores: Int, gpus: Int = 0) -> Ledger {
        var ledger = Ledger(attemptLimit: 100)
        let gpus = (0..<gpus).map { GPU(index: $0, model: "g", memoryBytes: 8 << 30) }
        ledger.setCapacity(NodeInventory(cores: cores, memoryBytes: 32 << 30, gpus: gpus))
        return ledger
    }

    /// Cores, priority, seconds; numbered from 1.
    private static func fill(
        _ ledger: inout Ledger, _ attempts: [(Int64, Int, Int64)]
    ) -> [PreemptionVictim] {
        attempts.enumerated().map { index, attempt in
            PreemptionVictim(
                task: TaskID(number: UInt64(index + 1)), slot: index, priority: attempt.1,
                reservation: ledger.reserve(ResourceRequest(cpuMillis: attempt.0 * 1_000)),
                ranMilliseconds: attempt.2 * 1_000)
        }
    }

    @Test(
        arguments: [
            // The least urgent goes, though it ran longest.
            (1, [(1, 1, 5), (1, 0, 500), (2, 2, 1)], [2]),
            // Of equals the one that ran least.
            (1, [(1, 0, 50), (1, 0, 20), (2, 0, 60)], [2]),
            // Few rather than many, though more work is lost.
            (2, [(1, 0, 10), (1, 0, 11), (2, 0, 60)], [3]),
            // Many rather than one that is more urgent.
            (2, [(1, 0, 10), (1, 0, 11), (2, 1, 1)], [1, 2]),
            (4, [(1, 0, 10), (1, 0, 11), (2, 1, 1)], [1, 2, 3]),
        ] as [(Int64, [(Int64, Int, Int64)], Set<UInt64>)]) func `none ends needlessly, and the least is lost`(
            cores: Int64, attempts: [(Int64, Int, Int64)], victims: Set<UInt64>
        ) throws
    {
        var ledger = Self.ledger(cores: 4)
        let candidates = Self.fill(&ledger, attempts)

        let chosen = try #require(ledger.victims(for: ResourceRequest(cpuMillis: cores * 1_000), among: candidates))

        #expect(Set(chosen.map(\.task.number)) == victims)
    }

    @Test func `nobody ends when that makes no room`() {
        var ledger = Self.ledger(cores: 4)
        let candidates = Self.fill(&ledger, [(1, 0, 1), (3, 9, 1)])

        #expect(ledger.victims(for: ResourceRequest(cpuMillis: 2_000), among: [candidates[0]]) == nil)
        #expect(ledger.victims(for: ResourceRequest(cpuMillis: 9_000), among: candidates) == nil)
        #expect(ledger.victims(for: ResourceRequest(gpus: 1), among: candidates) == nil)
    }

    @Test func `what ends already is not asked again`() {
        var ledger = Self.ledger(cores: 4)
        let candidates = Self.fill(&ledger, [(2, 0, 1), (2, 0, 9)])
        let request = ResourceRequest(cpuMillis: 2_000)

        #expect(ledger.victims(for: request, among: [candidates[1]], ending: [candidates[0].reservation]) == [])
    }

    @Test func `a whole GPU is made free by the end of all who share it`() throws {
        var ledger = Self.ledger(cores: 8, gpus: 2)
        let share = ResourceRequest(gpuMemoryBytes: 3 << 30)
        let victims = (1...4 as ClosedRange<UInt64>).map { number in
            PreemptionVictim(
                task: TaskID(number: number), slot: Int(number), priority: 0, reservation: ledger.reserve(share),
                ranMilliseconds: number == 1 ? 900_000 : 1_000)
        }
        let gpus = victims.map { $0.reservation.gpuIndices[0] }

        let chosen = try #require(ledger.victims(for: ResourceRequest(gpus: 1), among: victims))

        #expect(chosen.count == 2)
        #expect(Set(chosen.map { $0.reservation.gpuIndices[0] }).count == 1)
        #expect(!chosen.contains { $0.reservation.gpuIndices[0] == gpus[0] }, "the long one goes on")
    }
}
