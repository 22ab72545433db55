package import GridLogic
import GridModel

/// A made-up fleet of any size at work, for whoever measures what a placement costs there: three kinds of node, twenty
/// kinds of task, and once two thirds of the GPUs are given away the oldest task ends for every new one.
package struct PlacementScale {
    private var fleet: Fleet
    private var chance: SplitMix64
    private let shapes: [Shape]
    private var living: [(reservation: Reservation, node: Int)] = []
    private var oldest = 0
    private let livingLimit: Int
    package private(set) var refused = 0

    package init(nodes: Int, rule: PlacementRule, seed: UInt64 = 1) {
        fleet = Fleet(rule: rule, seed: seed)
        chance = SplitMix64(seed: seed)
        for number in 0..<nodes {
            let index = fleet.add(Self.node(number), attemptLimit: .max)
            fleet.setOpen(index, true)
        }
        var chance = SplitMix64(seed: 7)
        shapes = (0..<20).map { number in
            let request = ResourceRequest(
                cpuMillis: Int64(1 + chance.below(14)) * 1_000, memoryBytes: Int64(4 + chance.below(48)) << 30,
                gpus: number % 3 == 0 ? 1 : number == 19 ? 4 : 0,
                gpuMemoryBytes: number % 3 == 1 && number != 19 ? Int64(2 + chance.below(14)) << 30 : 0)
            return Shape(resources: request, constraint: number % 10 == 3 ? "gpu.model == \"large\"" : "")
        }
        livingLimit = max(2, nodes * 4)
    }

    private static func node(_ number: Int) -> Node {
        let (cores, gpus, model) = [(96, 8, "large"), (64, 2, "small"), (104, 4, "small")][number % 3]
        return Node(
            name: NodeName(checked: "n\(number)"),
            inventory: NodeInventory(
                cores: cores, memoryBytes: 384 << 30,
                gpus: (0..<gpus).map { GPU(index: $0, model: model, memoryBytes: 16 << 30) }))
    }

    /// Makes room for the next task, outside of what is measured; returns it.
    package mutating func next() -> Shape {
        if living.count - oldest >= livingLimit {
            fleet.release(living[oldest].reservation, on: living[oldest].node)
            oldest += 1
            if oldest > livingLimit {
                living.removeFirst(oldest)
                oldest = 0
            }
        }
        return shapes[chance.below(shapes.count)]
    }

    /// What is measured.
    package mutating func place(_ shape: Shape) {
        fleet.learn(shape)
        guard let choice = fleet.choose(shape) else {
            refused += 1
            return
        }
        living.append((fleet.reserve(shape.resources, on: choice), choice.node))
    }
}
