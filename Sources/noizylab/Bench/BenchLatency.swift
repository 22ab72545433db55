import ArgumentParser

/// One task at a time over one open stream, and where its time goes.
struct BenchLatency: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "latency", abstract: "One echo task at a time, hop by hop.")

    @OptionGroup var options: BenchOptions

    @Option(help: "ephemeral or durable.")
    var durability: BenchDurability = .durable

    @Option(help: "Tasks to measure, at most.")
    var count = 5_000

    @Option(help: "Tasks before measuring.")
    var warmUp = 500

    @Option(help: "Measure no longer than this.")
    var seconds = 20.0

    func run() async throws {
        let load = TaskLoad(
            spec: TaskLoad.echo(durability: durability.rawValue), warmUp: warmUp, count: count, seconds: seconds)
        let measured = try await BenchGrid.with(options.target) { grid in try await load.run(on: grid) }
        var report = BenchReport("latency", measured)
        report.inFlight = 1
        report.setting["durability"] = durability.rawValue
        try report.print(as: options.document.output)
    }
}
