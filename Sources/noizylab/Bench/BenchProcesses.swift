import ArgumentParser

/// Real programs that do nothing: the price of starting one through the grid.
struct BenchProcesses: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "processes", abstract: "Programs that end at once, some at a time.")

    @OptionGroup var options: BenchOptions

    @Option(help: "Programs to run.")
    var count = 500

    @Option(help: "How many at a time.")
    var parallel = 4

    @Option(help: "The program.")
    var program = "/bin/true"

    @Option(help: "The node they run on (default: wherever placement puts them).")
    var on: String?

    func validate() throws {
        guard count > 0, parallel > 0 else { throw ValidationError("--count and --parallel must be above 0.") }
    }

    func run() async throws {
        let load = TaskLoad(
            spec: TaskLoad.command([program], node: on), warmUp: min(50, count), count: count, inFlight: parallel)
        let measured = try await BenchGrid.with(options.target) { grid in try await load.run(on: grid) }
        var report = BenchReport("processes", measured)
        report.inFlight = parallel
        report.setting["program"] = program
        try report.print(as: options.document.output)
    }
}
