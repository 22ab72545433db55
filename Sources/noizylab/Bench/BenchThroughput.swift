import ArgumentParser

/// Many tasks in flight over one stream; or a given rate, timed from the moments at which tasks were due.
struct BenchThroughput: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "throughput", abstract: "Many echo tasks at once over one stream.",
        discussion: """
            Without --rate a new task is sent for every result: the rate is what is measured. With --rate tasks are sent \
            at that rate whatever becomes of them, and each is timed from the moment it was due (corrected for \
            coordinated omission): the latency is what is measured.
            """)

    @OptionGroup var options: BenchOptions

    @Option(help: "ephemeral or durable.")
    var durability: BenchDurability = .durable

    @Option(help: "Unanswered tasks at any moment.")
    var inFlight = 256

    @Option(help: "Tasks to measure, at most.")
    var tasks = 100_000

    @Option(help: "Submissions in one message, at most.")
    var batch = 256

    @Option(help: "Tasks per second, offered whatever becomes of them.")
    var rate: Double?

    @Option(help: "Tasks before measuring.")
    var warmUp = 5_000

    @Option(help: "Measure no longer than this.")
    var seconds = 30.0

    func validate() throws {
        guard inFlight > 0, tasks > 0, batch > 0, warmUp >= 0, rate ?? 1 > 0 else {
            throw ValidationError("--in-flight, --tasks, --batch and --rate must be above 0.")
        }
    }

    func run() async throws {
        let load = TaskLoad(
            spec: TaskLoad.echo(durability: durability.rawValue), warmUp: warmUp, count: tasks, inFlight: inFlight,
            batch: batch, rate: rate, seconds: seconds)
        let measured = try await BenchGrid.with(options.target) { grid in try await load.run(on: grid) }
        var report = BenchReport("throughput", measured)
        report.setting["durability"] = durability.rawValue
        if let rate {
            report.setting["offered"] = "\(rate)/s"
            report.setting["timed from"] = "when due"
        } else {
            report.inFlight = inFlight
        }
        try report.print(as: options.document.output)
    }
}
