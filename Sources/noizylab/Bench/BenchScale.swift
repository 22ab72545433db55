import ArgumentParser
import Foundation

/// A coordinator with many agents connected and many tasks behind it.
struct BenchScale: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scale", abstract: "Many simulated agents and many finished tasks, in a lab grid of its own.",
        discussion: """
            The agents are connections with certificates and heartbeats of their own, all in this process; they answer \
            echo tasks without running anything. The coordinator, its store and the three agents of the lab are real.
            """)

    @Option(help: "Simulated agents.")
    var agents = 1_000

    @Option(help: "Durable echo tasks to finish.")
    var tasks = 1_000_000

    @Option(help: "Unanswered tasks at any moment.")
    var inFlight = 1_024

    @Option(help: "How long to look at the coordinator at rest.")
    var seconds = 10

    @OptionGroup var document: DocumentOption

    func validate() throws {
        guard (0...20_000).contains(agents), tasks >= 0, inFlight > 0 else {
            throw ValidationError("--agents takes 0 to 20000; --tasks and --in-flight must not be negative.")
        }
    }

    func run() async throws {
        Self.allowFiles(agents + 512)
        let report = try await TemporaryLab.with { lab in
            try await measure(lab.target)
        }
        try report.print(as: document.output)
    }

    private func measure(_ target: BenchTarget) async throws -> BenchReport {
        let fleet = try await BenchGrid.with(target) { grid in
            try SimulatedFleet(size: agents, target: target, cluster: grid.cluster)
        }
        defer { fleet.removeFiles() }
        return try await BenchGrid.with(target) { grid in
            var figures: [String: Double] = [:]
            func note(_ stage: String) async throws {
                Self.say("looking at the coordinator: \(stage)")
                let sample = try await RestSample.take(
                    GridProcesses(coordinator: grid.processes.coordinator), seconds: seconds)
                for (name, value) in sample { figures["\(stage)_\(name)"] = value }
            }
            try await note("idle")
            let measured = try await fleet.whileConnected { connectSeconds in
                figures["connect_s"] = connectSeconds
                try await note("agents")
                guard tasks > 0 else { return TaskMeasurement() }
                Self.say("running \(tasks) tasks")
                let load = TaskLoad(
                    spec: TaskLoad.echo(durability: "durable"), warmUp: 0, count: tasks, inFlight: inFlight,
                    seconds: 3_600)
                let measured = try await load.run(on: grid)
                try await note("agents_and_tasks")
                return measured
            }
            var report = BenchReport("scale", measured)
            report.inFlight = inFlight
            report.setting["simulated agents"] = "\(agents)"
            report.figures = figures
            return report
        }
    }

    static func say(_ line: String) { FileHandle.standardError.write(Data((line + "\n").utf8)) }

    /// Lets this process have so many files open, as far as the system allows.
    static func allowFiles(_ wanted: Int) {
        var limit = rlimit()
        #if os(Linux)
            let kind = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        #else
            let kind = RLIMIT_NOFILE
        #endif
        guard getrlimit(kind, &limit) == 0, limit.rlim_cur < rlim_t(wanted) else { return }
        limit.rlim_cur = min(rlim_t(wanted), limit.rlim_max)
        setrlimit(kind, &limit)
    }
}
