import GridLogic
import GridModel
import GridSimulation
import Testing

@Suite struct PlacementReplayTests {
    private static let nodes = """
        sn,cpu_milli,memory_mib,gpu,model
        a,8000,65536,2,T4
        b,8000,65536,2,A10

        """

    @Test func `tasks are placed until nothing fits`() throws {
        let tasks = """
            index,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec
            0,1000,1024,1,600,
            1,1000,1024,1,400,
            2,1000,1024,2,1000,A10
            3,1000,1024,1,1000,A10
            4,1000,1024,1,1000,T4|A10
            5,1000,1024,0,0,

            """
        var replay = PlacementReplay(try PlacementTrace(nodes: Self.nodes, tasks: tasks), rule: .fragmentation)

        var placements: [PlacementReplay.Placement?] = []
        while !replay.isDone { placements.append(replay.step()) }

        #expect(placements.map { $0?.node.text } == ["a", "a", "b", nil, "a", "a"])
        #expect(placements[1]?.gpus == placements[0]?.gpus, "what is left of a GPU is used")
        #expect(placements[2]?.gpus == [0, 1])
        #expect(placements[5]?.gpus == [])
        let report = replay.report
        #expect(report.placed == 5 && report.dropped == 1 && report.wronglyDropped == 0)
        #expect(report.gpuAllocation == 100 && report.gpuAllocationAt100 == 75)
        #expect(report.cpuAllocation == 100 * 5.0 / 16)
    }

    @Test(arguments: [
        ("sn,cpu_milli\na,1", "", "line 1: there is no column 'memory_mib'; the columns are sn, cpu_milli"),
        ("sn,cpu_milli,memory_mib,gpu,model\na,1,2,many,T4", "", "line 2: 'many' is no whole number"),
        ("sn,cpu_milli,memory_mib,gpu,model\na,1,2,99,T4", "", "from 0 to 64 for 'gpu'"),
        ("sn,cpu_milli,memory_mib,gpu,model\n,1,2,1,T4", "", "line 2: '' is no name for a node"),
        (nodes, "cpu_milli,memory_mib,num_gpu,gpu_milli\n1,2,1", "line 2: there is no field for 'gpu_milli'"),
        (nodes, "cpu_milli,memory_mib,num_gpu,gpu_milli\n-1,2,1,5", "'-1' is no whole number"),
    ]) func `what is wrong with a trace is said`(nodes: String, tasks: String, words: String) throws {
        let error = try #require(throws: PlacementTraceError.self) { try PlacementTrace(nodes: nodes, tasks: tasks) }

        #expect("\(error)".contains(words), "\(error)")
    }

    /// A cluster of two kinds of node and a mix of tasks, drawn from a seed: what the policies are for.
    private static func trace(seed: UInt64) throws -> PlacementTrace {
        var chance = SplitMix64(seed: seed)
        var nodes = "sn,cpu_milli,memory_mib,gpu,model\n"
        for number in 0..<100 {
            nodes += number % 3 == 0 ? "n\(number),96000,393216,8,G\n" : "n\(number),64000,262144,2,T\n"
        }
        let kinds = [
            (3_000, 6_000, 1, 800), (11_000, 48_000, 1, 1_000), (12_000, 48_000, 1, 450), (16_000, 50_000, 0, 0),
            (4_000, 24_000, 1, 300), (19_000, 64_000, 1, 1_000), (80_000, 300_000, 8, 1_000),
        ]
        var tasks = "cpu_milli,memory_mib,num_gpu,gpu_milli\n"
        for _ in 0..<800 {
            let (cpu, memory, gpus, units) = kinds[min(chance.below(7), chance.below(40))]
            tasks += "\(cpu),\(memory),\(gpus),\(units)\n"
        }
        return try PlacementTrace(nodes: nodes, tasks: tasks)
    }

    private static func run(_ trace: PlacementTrace, _ rule: PlacementRule) -> PlacementReplay.Report {
        var replay = PlacementReplay(trace, rule: rule)
        while !replay.isDone { _ = replay.step() }
        return replay.report
    }

    @Test func `weighing what is stranded gives more of the GPUs away`() throws {
        var gain = (fragmentation: 0.0, balanced: 0.0)
        for seed in 1...3 as ClosedRange<UInt64> {
            let trace = try Self.trace(seed: seed)
            let spread = Self.run(trace, .spread)
            for rule in PlacementRule.allCases {
                let report = Self.run(trace, rule)
                #expect(report.wronglyDropped == 0)
                if rule == .fragmentation { gain.fragmentation += report.gpuAllocation - spread.gpuAllocation }
                if rule == .balanced { gain.balanced += report.gpuAllocation - spread.gpuAllocation }
            }
        }

        #expect(gain.fragmentation > 3, "\(gain)")
        #expect(gain.balanced > 3, "\(gain)")
    }
}
