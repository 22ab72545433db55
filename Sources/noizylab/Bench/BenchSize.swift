import ArgumentParser

/// What the grid costs when it does nothing.
struct BenchSize: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "size", abstract: "Memory and processor time of the grid at rest, and how long it takes to start.")

    @OptionGroup var options: BenchOptions

    @Flag(help: "Start a lab grid of its own first, time that, and stop it afterwards.")
    var start = false

    @Option(help: "How long to look.")
    var seconds = 10

    func run() async throws {
        var report = BenchReport("size", count: 1)
        if start {
            report.figures = try await TemporaryLab.with { lab in
                var figures = try await Self.measure(lab.target, seconds: seconds)
                figures["start_s"] = lab.startSeconds
                return figures
            }
        } else {
            report.figures = try await Self.measure(options.target, seconds: seconds)
        }
        try report.print(as: options.document.output)
    }

    /// The client is gone while the grid is looked at.
    private static func measure(_ target: BenchTarget, seconds: Int) async throws -> [String: Double] {
        let processes = try await BenchGrid.with(target) { grid in grid.processes }
        guard processes.coordinator != nil else {
            throw BenchError("The grid does not run on this machine: its processes cannot be looked at.")
        }
        try await Task.sleep(for: .seconds(1))
        return try await RestSample.take(processes, seconds: seconds)
    }
}

/// The grid's processes over some seconds.
enum RestSample {
    static func take(_ processes: GridProcesses, seconds: Int) async throws -> [String: Double] {
        var named = processes.agents.map { ("agent_\($0.key)", $0.value) }
        if let coordinator = processes.coordinator { named.append(("coordinator", coordinator)) }
        let begin = monotonicNanoseconds()
        let before = named.map { ProcessSample.of($0.1) }
        try await Task.sleep(for: .seconds(seconds))
        let wall = Double(monotonicNanoseconds() - begin)
        var figures: [String: Double] = [:]
        for (index, process) in named.enumerated() {
            guard let first = before[index], let last = ProcessSample.of(process.1) else { continue }
            figures["\(process.0)_rss_mb"] = BenchReport.rounded(Double(last.residentBytes) / 1e6)
            figures["\(process.0)_anonymous_mb"] = BenchReport.rounded(Double(last.anonymousBytes) / 1e6)
            let share = (last.cpuNanoseconds - first.cpuNanoseconds) / wall
            figures["\(process.0)_cpu_percent"] = (share * 10_000).rounded() / 100
        }
        return figures
    }
}
