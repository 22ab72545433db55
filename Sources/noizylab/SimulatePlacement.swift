import ArgumentParser
import Foundation
import GridLogic
import GridModel
import GridSimulation

/// Replays a trace of tasks on a cluster with the coordinator's own placement.
struct SimulatePlacement: AsyncParsableCommand {
    static let configuration = CommandConfiguration.command(
        "placement", "Replay a trace of tasks on a cluster, and see how much of its GPUs a policy can give away.",
        examples: [
            "simulate placement --nodes nodes.csv --tasks tasks.csv.gz",
            "simulate placement --nodes nodes.csv --tasks tasks.csv --policy fragmentation --out placements.csv -o json",
            "simulate placement --scale --policy fragmentation",
        ],
        discussion: """
            The tasks come one after the other and stay for ever; one that finds no room is dropped. Both files are CSV
            with a header, plain or compressed with gzip: of nodes sn, cpu_milli, memory_mib, gpu and model, in the order
            in which equals are used; of tasks cpu_milli, memory_mib, num_gpu, gpu_milli and gpu_spec (the GPU models
            that will do, with bars between them). --out writes index,node,gpus for every task; a dropped one has no
            node.

            Policies:
            \(PlacementRule.allCases.map { "  \($0.rawValue): \($0.summary)" }.joined(separator: "\n"))
            """)

    @Option(help: ArgumentHelp("The nodes.", valueName: "file"))
    var nodes: String?

    @Option(help: ArgumentHelp("The tasks, in the order in which they come.", valueName: "file"))
    var tasks: String?

    @Option(help: ArgumentHelp("balanced, pack, spread, fragmentation or near.", valueName: "policy"))
    var policy = PlacementRule.balanced.rawValue

    @Option(help: ArgumentHelp("Where to write what every task got.", valueName: "file"))
    var out: String?

    @Flag(help: "Measure what a placement costs in made-up fleets of 10 to 10,000 nodes instead.")
    var scale = false

    @OptionGroup var format: DocumentOption

    func validate() throws {
        if !scale, nodes == nil || tasks == nil {
            throw ValidationError("--nodes and --tasks name the files to replay; --scale wants neither")
        }
    }

    func run() async throws {
        guard let rule = PlacementRule(rawValue: policy) else {
            let known = PlacementRule.allCases.map(\.rawValue)
            throw CommandFailure(
                .usage, "there is no policy '\(policy)'",
                try: NearestName.to(policy, among: known).map { "--policy \($0)" }
                    ?? "--policy with one of \(known.joined(separator: ", "))")
        }
        if scale {
            PlacementScaleReport.measure(rule, as: format.output)
            return
        }
        let trace = try trace(nodes ?? "", tasks ?? "")
        var replay = PlacementReplay(trace, rule: rule)
        let run = try self.run(&replay)
        if let out { try write(run.placements, to: out) }
        report(replay.report, run, rule)
    }

    private struct Run {
        var placements: [PlacementReplay.Placement?] = []
        /// Of each placement.
        var microseconds: [Double] = []
        /// The share of the GPUs in use whenever a twentieth of the tasks had come.
        var course: [(tasks: Int, gpuAllocation: Double)] = []

        var mean: Double { microseconds.reduce(0, +) / Double(max(1, microseconds.count)) }
        func quantile(_ share: Double) -> Double {
            guard !microseconds.isEmpty else { return 0 }
            return microseconds.sorted()[min(microseconds.count - 1, Int(Double(microseconds.count) * share))]
        }
    }

    private func trace(_ nodes: String, _ tasks: String) throws -> PlacementTrace {
        let texts = (try TextFile.whole(nodes), try TextFile.whole(tasks))
        do {
            return try PlacementTrace(nodes: texts.0, tasks: texts.1)
        } catch {
            throw CommandFailure(.usage, "\(error.table == .nodes ? nodes : tasks), \(error)")
        }
    }

    private func run(_ replay: inout PlacementReplay) throws -> Run {
        var run = Run()
        let clock = ContinuousClock()
        let every = max(1, replay.taskCount / 20)
        while !replay.isDone {
            try Task.checkCancellation()
            let start = clock.now
            run.placements.append(replay.step())
            let took = (clock.now - start).components
            run.microseconds.append(Double(took.seconds) * 1e6 + Double(took.attoseconds) / 1e12)
            if replay.report.tasks.isMultiple(of: every) || replay.isDone {
                run.course.append((replay.report.tasks, replay.report.gpuAllocation))
            }
        }
        return run
    }

    private func write(_ placements: [PlacementReplay.Placement?], to path: String) throws {
        var lines = ["index,node,gpus"]
        for (index, placement) in placements.enumerated() {
            let gpus = placement?.gpus.map(String.init).joined(separator: "-") ?? ""
            lines.append("\(index),\(placement?.node.text ?? ""),\(gpus)")
        }
        do {
            try (lines.joined(separator: "\n") + "\n").write(toFile: path, atomically: true, encoding: .utf8)
        } catch {
            throw CommandFailure(.usage, "\(path) cannot be written: \(error.localizedDescription)")
        }
    }

    private func report(_ report: PlacementReplay.Report, _ run: Run, _ rule: PlacementRule) {
        func rounded(_ value: Double) -> Double { (value * 100).rounded() / 100 }
        switch format.output {
        case .json:
            Console.stdout.print(
                JSONValue.object([
                    "policy": .string(rule.rawValue), "tasks": JSONValue(report.tasks),
                    "placed": JSONValue(report.placed), "dropped": JSONValue(report.dropped),
                    "gpu_allocation": .double(rounded(report.gpuAllocation)),
                    "gpu_allocation_at_100": report.gpuAllocationAt100.map { .double(rounded($0)) } ?? .null,
                    "cpu_allocation": .double(rounded(report.cpuAllocation)),
                    "memory_allocation": .double(rounded(report.memoryAllocation)),
                    "microseconds_per_placement": .double(rounded(run.mean)),
                    "microseconds_p99": .double(rounded(run.quantile(0.99))),
                    "over_time": .array(
                        run.course.map {
                            .object([
                                "tasks": JSONValue($0.tasks), "gpu_allocation": .double(rounded($0.gpuAllocation)),
                            ])
                        }),
                ]).pretty)
        case .text:
            for point in run.course {
                Console.stdout.print("after \(point.tasks) tasks: \(rounded(point.gpuAllocation)) % of the GPUs")
            }
            Console.stdout.print(
                """
                \(rule.rawValue): \(report.placed) of \(report.tasks) tasks placed, \(report.dropped) dropped
                GPUs \(rounded(report.gpuAllocation)) %\(report.gpuAllocationAt100.map { " (\(rounded($0)) % when all were asked for)" } ?? ""), \
                processors \(rounded(report.cpuAllocation)) %, memory \(rounded(report.memoryAllocation)) %
                \(rounded(run.mean)) us for each placement, p99 \(rounded(run.quantile(0.99))) us
                """)
        }
    }
}
