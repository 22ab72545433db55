import GridLogic
import GridModel

extension Scenario {
    static func draw(_ options: SimulationOptions) -> Scenario {
        var chance = SplitMix64(seed: SplitMix64.mixed(options.seed ^ 0x5CE4_A210))
        let inventories = (0..<options.nodes).map { _ in inventory(&chance) }
        // Small grids are kept busy for some 20 s, large ones fed 20,000 tasks a second.
        let span = max(options.isSmall ? 20 * second : 2 * second, Int64(options.tasks) * 50)
        var actions: [Action] = []
        actions.reserveCapacity(options.tasks)
        for number in 0..<options.tasks {
            let at = options.isSmall ? Int64(chance.below(Int(span))) : Int64(number) * 50 + second
            var spec = spec(options, &chance)
            // Hung on the number, so that what else is drawn stays as it is.
            if options.isSmall {
                if number % 7 == 3 { spec.constraint = constraints[number / 7 % constraints.count] }
                spec.submitter = clients[number % clients.count]
            }
            let key = chance.below(10) < 8 ? "k\(chance.below(40) == 0 && number > 0 ? number - 1 : number)" : nil
            actions.append(Action(at: at, kind: .submit(Submission(number: number, spec: spec, key: key))))
            if options.faults > 0, chance.below(options.isSmall ? 8 : 100) == 0 {
                actions.append(Action(at: at + Int64(chance.below(Int(5 * second))), kind: .cancel(number)))
            }
        }
        let faultCount = Int(
            options.faults * (Double(min(options.tasks, 2_000)) / 5 + Double(min(options.nodes, 200)) * 3))
        if faultCount > 0 {
            for _ in 0..<chance.below(faultCount + 1) {
                actions.append(Action(at: Int64(chance.below(Int(span))), kind: fault(options, &chance)))
            }
        }
        actions.sort { $0.at < $1.at }
        return Scenario(inventories: inventories, actions: actions, calmAt: span)
    }

    /// The nodes that are left when all is calm satisfy them.
    private static let constraints = [
        "cores >= 4", "gpu", "os == linux && !(cores < 2)", "name != \"n1\" || memory >= 16GiB", "gpu.model in [g, h]",
    ]

    /// Some ask for more than others.
    private static let clients = ["ann", "ann", "bob", "ann", "cat", "ann", ""]

    private static func inventory(_ chance: inout SplitMix64) -> NodeInventory {
        let gpus = chance.below(3) == 0 ? 1 + chance.below(2) : 0
        return NodeInventory(
            os: "linux", cores: [1, 2, 4, 16][chance.below(4)], memoryBytes: Int64(4 + chance.below(28)) << 30,
            gpus: (0..<gpus).map { GPU(index: $0, model: "g", memoryBytes: 8 << 30) })
    }

    private static func spec(_ options: SimulationOptions, _ chance: inout SplitMix64) -> TaskSpec {
        guard options.isSmall else { return largeSpec(&chance) }
        var resources = ResourceRequest()
        switch chance.below(8) {
        case 0: break
        case 1: resources.cpuMillis = 500
        case 2: resources = ResourceRequest(cpuMillis: 2_000, memoryBytes: 1 << 30)
        case 3: resources.memoryBytes = Int64(1 + chance.below(6)) << 30
        case 4: resources.gpus = 1
        case 5: resources.gpuMemoryBytes = Int64(1 + chance.below(5)) << 30
        default: resources.cpuMillis = 1_000
        }
        var spec = TaskSpec(
            payload: chance.below(4) == 0 ? .network(NetworkCheck(kind: .ping, host: "h")) : .echo(""),
            node: chance.below(6) == 0 ? nodeName(chance.below(options.nodes)) : nil,
            resources: resources, priority: chance.below(4) == 0 ? chance.below(21) - 10 : 0,
            retries: chance.below(2) == 0 ? 0 : chance.below(4),
            timeoutMilliseconds: chance.below(2) == 0 ? 0 : Int64(200 + chance.below(5_000)),
            queueTimeoutMilliseconds: chance.below(6) == 0 ? Int64(100 + chance.below(5_000)) : 0,
            onLost: [.retry, .retry, .wait, .fail][chance.below(4)],
            durability: chance.below(6) == 0 ? .ephemeral : .durable)
        if chance.below(4) == 0 { spec.lostAfterMilliseconds = Int64(500 + chance.below(20_000)) }
        if options.faults > 0, chance.below(60) == 0 { spec.metadata = [poisonMark: "1"] }
        return spec
    }

    /// Tasks so marked bring down the agent that starts them.
    static let poisonMark = "poison"

    private static func largeSpec(_ chance: inout SplitMix64) -> TaskSpec {
        let cpu = [0, 500, 1_000, 1_000, 2_000][chance.below(5)]
        return TaskSpec(
            payload: .echo(""), resources: ResourceRequest(cpuMillis: Int64(cpu)),
            priority: chance.below(10) == 0 ? 5 : 0, retries: chance.below(3),
            timeoutMilliseconds: chance.below(4) == 0 ? 10_000 : 0)
    }

    /// What no machine has.
    private static func lie(_ chance: inout SplitMix64) -> NodeInventory {
        let cores = [Int.min, -1, 0, 1_000_000, Int.max][chance.below(5)]
        let memory = [Int64.min, -1, 0, .max][chance.below(4)]
        let gpus = [0, 1, 3, 1_000][chance.below(4)]
        return NodeInventory(
            os: "linux", cores: cores, memoryBytes: memory, diskBytes: memory,
            gpus: (0..<gpus).map { GPU(index: -$0, model: "g", memoryBytes: $0 % 2 == 0 ? memory : 8 << 30) })
    }

    private static func fault(_ options: SimulationOptions, _ chance: inout SplitMix64) -> Kind {
        let node = chance.below(options.nodes)
        // Mostly short, sometimes beyond every patience of the coordinator.
        let span = chance.below(4) == 0 ? second * Int64(5 + chance.below(40)) : Int64(chance.below(Int(4 * second)))
        switch chance.below(33) {
        case 20, 21: return .loseMessages(node, share: 10 + chance.below(60), for: span)
        case 22: return .flap(node, times: 2 + chance.below(8), every: Int64(200 + chance.below(3_000)) * 1_000)
        case 23: return .sleepAgent(node, for: span)
        case 24: return .sleepCoordinator(for: span * 4)
        case 25: return .stallEars(for: span / 2)
        case 26: return .lie(node, lie(&chance))
        case 27: return .spoil(node, for: span * 2)
        case 28, 29: return .drain(node, within: Int64(chance.below(Int(3 * second))))
        case 32: return .release(node)
        // A pause of the machine, a collection of garbage, a slow disk: short.
        case 30, 31: return .freezeAgent(node, for: Int64(chance.below(1_200)) * 1_000)
        case 0: return .crashCoordinator(.beforeCommit, downFor: span / 4)
        case 1: return .crashCoordinator(.afterCommit, downFor: span / 4)
        case 2: return .crashCoordinator(.amidRelease(after: chance.below(6)), downFor: span / 4)
        case 3: return .freezeCoordinator(for: span)
        case 4: return .slowDisk(latency: Int64(1 + chance.below(800)) * 1_000, for: span)
        case 5: return .stepWallClock(by: Int64(chance.below(Int(20 * second))) - 10 * second)
        case 6, 7, 8: return .crashAgent(node, downFor: span)
        case 9, 10: return .freezeAgent(node, for: span)
        case 11, 12, 13: return .breakLink(node, downFor: span)
        case 14: return .silence([node], for: span)
        case 15:
            let count = 1 + chance.below(min(options.nodes, 8))
            return .silence((0..<count).map { (node + $0) % options.nodes }, for: span)
        case 16: return .setSchedulability(node, .open)
        case 17: return .setSchedulability(node, chance.below(2) == 0 ? .draining : .cordoned)
        case 18: return chance.below(2) == 0 ? .removeNode(node) : .setSchedulability(node, .open)
        default: return .changeInventory(node, inventory(&chance))
        }
    }
}
