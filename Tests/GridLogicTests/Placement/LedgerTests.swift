import GridLogic
import GridModel
import Testing

@Suite struct LedgerTests {
    private static let gib: Int64 = 1 << 30

    private static func ledger(
        memory: Int64 = 32, disk: Int64 = 0, gpus: [GPU] = [], custom: [String: Int64] = [:]
    ) -> Ledger {
        var ledger = Ledger(attemptLimit: 100)
        ledger.setCapacity(
            NodeInventory(cores: 8, memoryBytes: memory * gib, diskBytes: disk * gib, gpus: gpus, custom: custom))
        return ledger
    }

    private static func gpu(_ memory: Int64, isUnified: Bool = false) -> GPU {
        GPU(index: 0, model: "g", memoryBytes: memory * gib, isUnified: isUnified)
    }

    @Test func `a share of a unified GPU is a share of the node's memory`() {
        var ledger = Self.ledger(memory: 32, gpus: [Self.gpu(24, isUnified: true)])
        let share = ResourceRequest(memoryBytes: 4 * Self.gib, gpuMemoryBytes: 12 * Self.gib)

        #expect(ledger.couldFit(share))
        let reservation = ledger.reserve(share)

        #expect(!ledger.fits(ResourceRequest(memoryBytes: 17 * Self.gib)))
        #expect(ledger.fits(ResourceRequest(memoryBytes: 16 * Self.gib)))
        #expect(!ledger.fits(ResourceRequest(memoryBytes: 8 * Self.gib, gpuMemoryBytes: 9 * Self.gib)))
        ledger.release(reservation)
        #expect(ledger.fits(ResourceRequest(memoryBytes: 32 * Self.gib)))
    }

    @Test func `more than memory and GPU have together could never fit a unified one`() {
        let ledger = Self.ledger(memory: 16, gpus: [Self.gpu(12, isUnified: true)])

        #expect(!ledger.couldFit(ResourceRequest(memoryBytes: 8 * Self.gib, gpuMemoryBytes: 12 * Self.gib)))
        #expect(ledger.couldFit(ResourceRequest(memoryBytes: 4 * Self.gib, gpuMemoryBytes: 12 * Self.gib)))
    }

    @Test func `what other programs hold is no room`() {
        var ledger = Self.ledger(memory: 32, disk: 100, gpus: [Self.gpu(24)])
        let busy = NodeSample(
            memoryAvailableBytes: 10 * Self.gib, diskFreeBytes: 20 * Self.gib,
            gpus: [GPUSample(index: 0, memoryUsedBytes: 18 * Self.gib)])

        let isMore = ledger.measure(busy)

        #expect(!isMore)
        #expect(!ledger.fits(ResourceRequest(memoryBytes: 11 * Self.gib)))
        #expect(ledger.fits(ResourceRequest(memoryBytes: 10 * Self.gib)))
        #expect(!ledger.fits(ResourceRequest(diskBytes: 21 * Self.gib)))
        #expect(!ledger.fits(ResourceRequest(gpuMemoryBytes: 7 * Self.gib)))
        #expect(ledger.fits(ResourceRequest(gpuMemoryBytes: 6 * Self.gib)))
        #expect(!ledger.fits(ResourceRequest(gpus: 1)))
        #expect(ledger.couldFit(ResourceRequest(memoryBytes: 32 * Self.gib, gpus: 1)), "it may end")

        let calm = NodeSample(
            memoryAvailableBytes: 31 * Self.gib, diskFreeBytes: 90 * Self.gib,
            gpus: [GPUSample(index: 0, memoryUsedBytes: Self.gib)])
        let isMoreNow = ledger.measure(calm)
        #expect(isMoreNow, "there is more room than before")
        #expect(ledger.fits(ResourceRequest(gpus: 1)), "a desktop's windows do not count")
    }

    @Test func `what attempts use of what they reserved is not taken twice`() {
        var ledger = Self.ledger(memory: 32, gpus: [Self.gpu(24)])
        _ = ledger.reserve(ResourceRequest(memoryBytes: 16 * Self.gib, gpuMemoryBytes: 8 * Self.gib))

        _ = ledger.measure(
            NodeSample(
                memoryAvailableBytes: 18 * Self.gib, gpus: [GPUSample(index: 0, memoryUsedBytes: 8 * Self.gib)]))

        #expect(ledger.fits(ResourceRequest(memoryBytes: 16 * Self.gib, gpuMemoryBytes: 16 * Self.gib)))
    }

    @Test func `a stranger on a GPU counts though attempts use little of it`() {
        var ledger = Self.ledger(gpus: [Self.gpu(24)])
        _ = ledger.reserve(ResourceRequest(gpuMemoryBytes: 10 * Self.gib))
        let holder = GPUHolder(pid: 4412, program: "python.exe", memoryBytes: 9 * Self.gib)

        _ = ledger.measure(
            NodeSample(gpus: [GPUSample(index: 0, memoryUsedBytes: 9 * Self.gib, holders: [holder])]))

        #expect(!ledger.fits(ResourceRequest(gpuMemoryBytes: 6 * Self.gib)))
        #expect(ledger.fits(ResourceRequest(gpuMemoryBytes: 5 * Self.gib)))
    }

    @Test func `counted resources run out and come back`() {
        var ledger = Self.ledger(custom: ["licence": 2])
        let one = ResourceRequest(custom: ["licence": 1])

        let first = ledger.reserve(one)
        _ = ledger.reserve(one)

        #expect(!ledger.fits(one))
        #expect(!ledger.couldFit(ResourceRequest(custom: ["licence": 3])))
        #expect(!ledger.couldFit(ResourceRequest(custom: ["dongle": 1])))
        ledger.release(first)
        #expect(ledger.fits(one))
        #expect(ledger.reserved.custom == ["licence": 1])
    }
}
