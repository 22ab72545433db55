import GridLogic
import Testing

struct FairQueueTests {
    private static func drain(_ queue: inout FairQueue<String, String>, budget: Int) -> [String] {
        var batch: [String] = []
        queue.take(budget: budget, into: &batch)
        return batch
    }

    @Test func `one who brings much waits behind its own`() {
        var queue = FairQueue<String, String>(quantum: 10)
        for number in 0..<1_000 { queue.push("hostile-\(number)", weight: 10, owner: "hostile") }
        queue.push("a", weight: 1, owner: "ann")
        queue.push("b", weight: 1, owner: "bob")

        let first = Self.drain(&queue, budget: 20)

        #expect(first == ["hostile-0", "a", "b", "hostile-1"])
        #expect(queue.weight == 9_980)
    }

    @Test func `within a line the order is kept`() {
        var queue = FairQueue<String, String>(quantum: 3)
        for number in 0..<500 { queue.push("\(number)", weight: 1 + number % 7, owner: "ann") }
        var all: [String] = []
        while !queue.isEmpty { all += Self.drain(&queue, budget: 5) }

        #expect(all == (0..<500).map { "\($0)" })
        #expect(queue.weight == 0)
    }

    @Test func `an item heavier than the quantum is saved up for`() {
        var queue = FairQueue<String, String>(quantum: 10)
        queue.push("heavy", weight: 35, owner: "hostile")
        for number in 0..<8 { queue.push("\(number)", weight: 10, owner: "ann") }

        let first = Self.drain(&queue, budget: 30)
        let second = Self.drain(&queue, budget: 30)

        #expect(first == ["0", "1", "2"])
        #expect(second == ["heavy"])
    }

    @Test func `two who always wait get the same, whatever their items weigh`() {
        var queue = FairQueue<String, String>(quantum: 64)
        for _ in 0..<400 { queue.push("large", weight: 100, owner: "large") }
        for _ in 0..<40_000 { queue.push("small", weight: 1, owner: "small") }
        var got = ["large": 0, "small": 0]
        for _ in 0..<100 {
            for item in Self.drain(&queue, budget: 256) { got[item, default: 0] += item == "large" ? 100 : 1 }
        }

        let (large, small) = (got["large"] ?? 0, got["small"] ?? 0)
        #expect(abs(large - small) <= 300, "\(large) and \(small)")
    }

    @Test func `an owner that comes back has no credit from before`() {
        var queue = FairQueue<String, String>(quantum: 100)
        queue.push("first", weight: 1, owner: "ann")
        let first = Self.drain(&queue, budget: 1_000)
        for number in 0..<3 { queue.push("ann-\(number)", weight: 60, owner: "ann") }
        queue.push("bob", weight: 60, owner: "bob")

        let second = Self.drain(&queue, budget: 120)

        #expect(first == ["first"])
        #expect(second == ["ann-0", "bob"])
    }
}
