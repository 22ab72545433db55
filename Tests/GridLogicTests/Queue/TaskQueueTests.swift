import GridLogic
import GridModel
import Testing

@Suite struct TaskQueueTests {
    private static let second: Int64 = 1_000_000
    private static let core = Shape(resources: ResourceRequest(cpuMillis: 1_000))
    private static let shapes = (1...3).map { Shape(resources: ResourceRequest(cpuMillis: Int64($0) * 1_000)) }

    /// A queue whose tasks are numbered as they come, and whose is which.
    private struct World {
        var queue = TaskQueue()
        var clients: [UInt64: String] = [:]
        var entries: [UInt64: TaskQueue.Entry] = [:]

        @discardableResult
        mutating func submit(
            _ client: String, priority: Int64 = 0, at time: Int64 = 0, shape: Shape = TaskQueueTests.core
        ) -> UInt64 {
            let number = UInt64(clients.count + 1)
            let advantage = priority * 10 * TaskQueueTests.second
            let entry = TaskQueue.Entry(
                virtualTime: time - advantage, advantage: advantage, number: number, slot: Int(number))
            queue.insert(entry, line: queue.line(of: shape), client: client)
            clients[number] = client
            entries[number] = entry
            return number
        }

        mutating func pop(at time: Int64 = 0) -> UInt64? {
            queue.popFirst(for: 0, at: time) { _ in true }?.number
        }

        func ahead(of number: UInt64, at time: Int64) -> TaskQueue.Ahead {
            var steps = 0
            return queue.ahead(of: entries[number]!, client: clients[number]!, at: time, steps: &steps)
        }

        mutating func popClient(at time: Int64 = 0) -> String? { pop(at: time).flatMap { clients[$0] } }
    }

    @Test func `a client alone gets its tasks in the order of their virtual times, whatever their shapes`() {
        var chance = SplitMix64(seed: 1)
        var world = World()
        for time in 0..<500 as Range<Int64> {
            world.submit(
                "ann", priority: Int64(chance.below(5)), at: time * Self.second, shape: Self.shapes[chance.below(3)])
        }

        let popped = (0..<500).compactMap { world.pop(at: (1_000 + $0) * Self.second) }

        #expect(popped == world.entries.values.sorted().map(\.number))
    }

    @Test func `a single task does not wait behind a hundred thousand of another client`() {
        var world = World()
        for _ in 0..<100_000 { world.submit("ann") }
        for moment in 1...10 as ClosedRange<Int64> { _ = world.pop(at: moment * Self.second) }
        let late = world.submit("bob", at: 11 * Self.second)

        let ahead = world.ahead(of: late, at: 11 * Self.second)
        let popped = (12...13).map { world.popClient(at: $0 * Self.second) }

        #expect(ahead == TaskQueue.Ahead(count: 1, isExact: true))
        #expect(popped == ["ann", "bob"])
    }

    @Test func `clients that wait are served in turn, whatever they brought and when`() {
        var chance = SplitMix64(seed: 2)
        var world = World()
        var left = ["ann": 400, "bob": 40, "cat": 4, "dan": 90]
        for (client, count) in left.sorted(by: { $0.key < $1.key }) {
            for _ in 0..<count { world.submit(client, at: Int64(chance.below(1_000_000)), shape: Self.shapes[0]) }
        }
        var served: [String: Int] = [:]

        while let client = world.popClient(at: 2 * Self.second) {
            served[client, default: 0] += 1
            left[client]! -= 1
            let waiting = left.filter { $0.value > 0 }.map { served[$0.key] ?? 0 }
            guard let most = waiting.max(), let least = waiting.min() else { continue }
            #expect(most - least <= 1, "\(served)")
        }

        #expect(served == ["ann": 400, "bob": 40, "cat": 4, "dan": 90])
    }

    @Test func `a lower priority gets a turn whenever it went without as long as ageing makes up for`() {
        var world = World()
        world.submit("low")
        world.submit("low")
        var turns: [Int64] = []

        // More comes with two points more than can be served.
        for moment in 0..<60 as Range<Int64> {
            world.submit("high", priority: 2, at: moment * Self.second)
            world.submit("high", priority: 2, at: moment * Self.second)
            if world.popClient(at: moment * Self.second) == "low" { turns.append(moment) }
        }

        #expect(turns == [21, 42])
    }

    @Test func `a client's own high priority does not wait for its own low one`() {
        var world = World()
        for _ in 0..<10 { world.submit("ann") }
        world.submit("bob")
        let urgent = world.submit("ann", priority: 5, at: Self.second, shape: Self.shapes[1])

        #expect(world.pop(at: 2 * Self.second) == urgent)
    }

    @Test func `what waits for nothing any more takes no turn`() {
        var world = World()
        for _ in 0..<200 { world.submit("ann") }
        world.submit("bob", at: 1)
        for number in (1...199) as ClosedRange<UInt64> {
            world.queue.remove(number: number, line: world.queue.line(of: Self.core), client: "ann")
        }

        #expect(world.queue.count == 2)
        #expect((1...3).map { world.pop(at: $0) } == [200, 201, nil])
    }

    @Test func `turns go round though the clock was set back`() {
        var world = World()
        for _ in 0..<4 { for client in ["ann", "bob"] { world.submit(client, at: 100 * Self.second) } }
        let before = (0..<3).map { _ in world.popClient(at: 100 * Self.second) }

        let after = (0..<5).map { _ in world.popClient(at: 10 * Self.second) }

        #expect(before + after == ["ann", "bob", "ann", "bob", "ann", "bob", "ann", "bob"])
    }

    @Test(arguments: 0..<20 as Range<UInt64>) func `as many go before a task as are said to`(seed: UInt64) {
        var chance = SplitMix64(seed: seed)
        var world = World()
        for time in 0..<200 as Range<Int64> {
            world.submit(
                ["ann", "ann", "ann", "bob", "cat"][chance.below(5)], priority: Int64(chance.below(4)),
                at: time * Self.second, shape: Self.shapes[chance.below(3)])
            if time % 5 == 4 { _ = world.pop(at: time * Self.second) }
        }
        let now = 200 * Self.second
        var order: [UInt64] = []
        var copy = world
        while let number = copy.pop(at: now) { order.append(number) }

        #expect(order.count == 160)
        for (place, number) in order.enumerated() {
            #expect(world.ahead(of: number, at: now) == TaskQueue.Ahead(count: place, isExact: true))
        }
    }

    /// How many clients, how many tasks of each, in how many shapes.
    @Test(arguments: [(1_000, 300, 3), (1_000, 100, 1), (200, 200, 3), (20_000, 3, 1)])
    func `counting what goes before a task is bounded work, and never counts too many`(
        clients: Int, tasks: Int, shapes: Int
    ) {
        var world = World()
        for task in 0..<tasks {
            for client in 0..<clients {
                world.submit("c\(client)", at: Int64(task), shape: Self.shapes[(task + client) % shapes])
            }
        }
        let last = UInt64(clients * tasks)
        var steps = 0

        let ahead = world.queue.ahead(
            of: world.entries[last]!, client: world.clients[last]!, at: Self.second, steps: &steps)

        #expect(!ahead.isExact)
        #expect((1..<clients * tasks).contains(ahead.count))
        #expect(steps <= TaskQueue.stepLimit + TaskQueue.lookLimit)
        #expect(ahead.count >= (clients * tasks > TaskQueue.lookLimit ? tasks - 1 : 1_000))
    }

    @Test func `of very many tasks of one client the place of the last is bounded work too`() {
        var world = World()
        for time in 0..<200_000 as Range<Int64> { world.submit("ann", at: time) }
        var steps = 0

        let ahead = world.queue.ahead(of: world.entries[200_000]!, client: "ann", at: Self.second, steps: &steps)

        #expect(!ahead.isExact && ahead.count > 100_000 && ahead.count < 200_000)
        #expect(steps <= TaskQueue.lookLimit)
    }

    @Test func `clients that come and go leave nothing behind, and those who wait keep their turns`() {
        var world = World()
        for _ in 0..<3 { world.submit("ann") }
        #expect(world.popClient() == "ann")
        for number in 1...5_000 {
            world.submit("c\(number)", at: Int64(number))
            #expect(world.popClient(at: Int64(number)) != nil)
        }

        #expect(world.queue.count == 2)
        #expect((0..<3).map { world.popClient(at: 6_000 + $0) }.compactMap(\.self).count == 2)
    }
}
