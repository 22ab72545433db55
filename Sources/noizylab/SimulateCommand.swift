import ArgumentParser
import GridSimulation

/// Tries the grid on paper: the same decisions as in a real one, on a virtual clock.
struct SimulateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration.command(
        "simulate", "Try the grid on a virtual clock, with everything going wrong that a seed can think of.",
        examples: [
            "simulate grid --seed 7", "simulate grid --runs 2000",
            "simulate grid --nodes 1000 --tasks 1000000 --faults 0",
            "simulate placement --nodes nodes.csv --tasks tasks.csv.gz --policy fragmentation",
        ],
        subcommands: [SimulateGrid.self, SimulatePlacement.self, SimulateFailures.self])
}

/// Clients, coordinator, store, links and agents in one process, with crashes, lost messages, partitions and slow
/// disks drawn from a seed. Every invariant is checked after every step.
struct SimulateGrid: AsyncParsableCommand {
    static let configuration = CommandConfiguration.command(
        "grid", "Simulate a whole grid with faults and check every rule after every step.",
        examples: [
            "simulate grid --seed 7",
            "simulate grid --seed 1 --runs 2000 --nodes 5 --tasks 60",
            "simulate grid --seed 1 --nodes 1000 --tasks 1000000 --faults 0 -o json",
        ],
        discussion: """
            A seed replays exactly. When a rule is broken, the shortest history found is printed, and the exit code is 1.
            """)

    @Option(help: ArgumentHelp("What everything is drawn from.", valueName: "number"))
    var seed: UInt64 = 1

    @Option(help: ArgumentHelp("Machines in the grid.", valueName: "n"))
    var nodes = 3

    @Option(help: ArgumentHelp("Tasks that are submitted.", valueName: "n"))
    var tasks = 60

    @Option(help: ArgumentHelp("How much goes wrong: 0 nothing, 1 a lot, 10 hardly anything works.", valueName: "rate"))
    var faults = 1.0

    @Option(help: ArgumentHelp("Seeds to run, one after the other from --seed on.", valueName: "n"))
    var runs = 1

    @Flag(help: "Measure the bare machine instead: what a durable task costs in decisions alone.")
    var bare = false

    @OptionGroup var format: DocumentOption

    func validate() throws {
        guard (1...SimulationOptions.nodeLimit).contains(nodes) else {
            throw ValidationError("--nodes is 1 to \(SimulationOptions.nodeLimit), not \(nodes)")
        }
        guard (0...SimulationOptions.taskLimit).contains(tasks) else {
            throw ValidationError("--tasks is 0 to \(SimulationOptions.taskLimit), not \(tasks)")
        }
        guard (0...SimulationOptions.faultLimit).contains(faults) else {
            throw ValidationError("--faults is 0 to \(Int(SimulationOptions.faultLimit)), not \(faults)")
        }
        guard (1...1_000_000).contains(runs) else { throw ValidationError("--runs is 1 to 1000000, not \(runs)") }
    }

    func run() async throws {
        if bare {
            measure()
            return
        }
        let clock = ContinuousClock()
        let start = clock.now
        var steps = 0
        var last: SimulationReport?
        for run in 0..<UInt64(runs) {
            try Task.checkCancellation()
            let options = SimulationOptions(seed: seed &+ run, nodes: nodes, tasks: tasks, faults: faults)
            let report = Simulation.run(options)
            steps += report.figures.steps
            last = report
            if !report.isClean { break }
        }
        guard let last else { return }
        print(last, steps: steps, took: clock.now - start)
        if !last.isClean { throw CommandFailure(.failure, "") }
    }

    private func print(_ report: SimulationReport, steps: Int, took: Duration) {
        let seconds = Double(took.components.seconds) + Double(took.components.attoseconds) / 1e18
        switch format.output {
        case .json: Console.stdout.print(document(report, steps: steps, seconds: seconds).pretty)
        case .text:
            Console.stdout.print(report.description)
            let count = runs == 1 ? "1 seed" : "\(report.seed &- seed &+ 1) seeds"
            let rounded = Double(Int(seconds * 1_000)) / 1_000
            Console.stdout.print("\(count), \(steps) steps checked in \(rounded) s")
        }
    }

    private func document(_ report: SimulationReport, steps: Int, seconds: Double) -> JSONValue {
        let figures = report.figures
        return .object([
            "seed": JSONValue(report.seed), "first_seed": JSONValue(seed), "runs": JSONValue(report.seed &- seed &+ 1),
            "nodes": JSONValue(nodes), "tasks": JSONValue(tasks), "faults": .double(faults),
            "clean": .bool(report.isClean), "steps": JSONValue(steps), "seconds": .double(seconds),
            "virtual_ms": JSONValue(figures.virtualMilliseconds), "submitted": JSONValue(figures.submitted),
            "attempts": JSONValue(figures.attempts),
            "settled": .object(
                figures.settled.sorted { $0.key < $1.key }.map {
                    JSONValue.Member(name: $0.key, value: JSONValue($0.value))
                }),
            "coordinator_crashes": JSONValue(figures.coordinatorCrashes),
            "agent_crashes": JSONValue(figures.agentCrashes), "broken_links": JSONValue(figures.brokenLinks),
            "nodes_given_up": JSONValue(figures.nodesGivenUp), "failover_pauses": JSONValue(figures.pauses),
            "late_results": JSONValue(figures.lateResults), "high_risks": JSONValue(figures.highRisks),
            "nodes_avoided": JSONValue(figures.avoided),
            "violation": report.violation.map { violation in
                .object([
                    "rule": .string(violation.rule), "detail": .string(violation.detail),
                    "scenario": .array(report.scenario.map(JSONValue.string)),
                    "history": .array(report.history.map(JSONValue.string)),
                ])
            } ?? .null,
        ])
    }

    private func measure() {
        let count = max(tasks, 1)
        var path = HotPath(nodes: nodes)
        var effects = 0
        let took = ContinuousClock().measure { effects = path.run(tasks: count, inFlight: 256) }
        let nanoseconds = Int((took / count).components.attoseconds / 1_000_000_000)
        switch format.output {
        case .json:
            Console.stdout.print(
                JSONValue.object([
                    "nodes": JSONValue(nodes), "tasks": JSONValue(count), "effects": JSONValue(effects),
                    "nanoseconds_per_task": JSONValue(nanoseconds),
                ]).pretty)
        case .text: Console.stdout.print("\(count) tasks, \(effects) effects: \(nanoseconds) ns for each task")
        }
    }
}
