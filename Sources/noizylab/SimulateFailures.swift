import ArgumentParser
import GridLogic
import GridSimulation

/// Months of heartbeats in seconds: how soon the dead are missed, and how often the living are.
struct SimulateFailures: AsyncParsableCommand {
    static let configuration = CommandConfiguration.command(
        "failures", "Try the judge of life and death on months of loss, pauses and deaths.",
        examples: [
            "simulate failures --nodes 20 --months 1 -o json",
            "simulate failures --loss 0 --outages-per-hour 379 --outage 500 --lost-after 5s",
            "simulate failures --shared-thread --months 0.1",
        ],
        discussion: """
            The coordinator asks the same object that is tried here. Messages are single and lost for good, as over \
            datagrams, which is harder than a connection that sends them again.
            """)

    @Option(help: ArgumentHelp("What everything is drawn from.", valueName: "number"))
    var seed: UInt64 = 1

    @Option(help: ArgumentHelp("Machines in the grid.", valueName: "n"))
    var nodes = 20

    @Option(help: ArgumentHelp("How long, in months of 30 days.", valueName: "months"))
    var months = 1.0

    @Option(help: ArgumentHelp("Share of the messages that are lost, each way: 0 to 0.9.", valueName: "share"))
    var loss = 0.05

    @Option(help: ArgumentHelp("Mean extra delay of a message, in milliseconds.", valueName: "ms"))
    var jitter = 20.0

    @Option(help: ArgumentHelp("Pauses of the whole agent, an hour.", valueName: "n"))
    var pausesPerHour = 12.0

    @Option(help: ArgumentHelp("Mean length of a pause, in milliseconds.", valueName: "ms"))
    var pause = 100.0

    @Option(help: ArgumentHelp("Stalls of the agent's work, an hour.", valueName: "n"))
    var stallsPerHour = 60.0

    @Option(help: ArgumentHelp("Mean length of a stall, in milliseconds.", valueName: "ms"))
    var stall = 1_000.0

    @Flag(help: "Let heartbeats and work share a thread, as they do not: to see what that would cost.")
    var sharedThread = false

    @Option(help: ArgumentHelp("Times in which nothing comes through, an hour.", valueName: "n"))
    var outagesPerHour = 0.0

    @Option(help: ArgumentHelp("Mean length of an outage, in milliseconds.", valueName: "ms"))
    var outage = 500.0

    @Option(help: ArgumentHelp("Real deaths of a node, a month.", valueName: "n"))
    var deathsPerMonth = 30.0

    @Option(
        help: ArgumentHelp("Silence after which a node is suspect (default: the grid's own).", valueName: "time"),
        transform: Arguments.duration)
    var suspectAfter: Int64?

    @Option(
        help: ArgumentHelp("Silence after which it is lost (default: the grid's own).", valueName: "time"),
        transform: Arguments.duration)
    var lostAfter: Int64?

    @OptionGroup var format: DocumentOption

    func validate() throws {
        guard (1...FailureOptions.nodeLimit).contains(nodes) else {
            throw ValidationError("--nodes is 1 to \(FailureOptions.nodeLimit), not \(nodes)")
        }
        guard months > 0, months <= 1_000 else { throw ValidationError("--months is above 0, to 1000, not \(months)") }
        guard (0...0.9).contains(loss) else { throw ValidationError("--loss is 0 to 0.9, not \(loss)") }
        let numbers = [
            ("--jitter", jitter), ("--pauses-per-hour", pausesPerHour), ("--pause", pause),
            ("--stalls-per-hour", stallsPerHour), ("--stall", stall), ("--outages-per-hour", outagesPerHour),
            ("--outage", outage), ("--deaths-per-month", deathsPerMonth),
        ]
        for (name, number) in numbers where !(0...1_000_000).contains(number) {
            throw ValidationError("\(name) is 0 to 1000000, not \(number)")
        }
    }

    func run() async throws {
        var options = FailureOptions()
        options.seed = seed
        options.nodes = nodes
        options.months = months
        options.loss = loss
        options.jitterMilliseconds = jitter
        options.pausesPerHour = pausesPerHour
        options.pauseMilliseconds = pause
        options.stallsPerHour = stallsPerHour
        options.stallMilliseconds = stall
        options.isThreadShared = sharedThread
        options.outagesPerHour = outagesPerHour
        options.outageMilliseconds = outage
        options.deathsPerMonth = deathsPerMonth
        if let suspectAfter { options.settings.suspectAfterMilliseconds = suspectAfter }
        if let lostAfter { options.settings.offlineAfterMilliseconds = lostAfter }
        let report = FailureSimulation.run(options)
        switch format.output {
        case .json: Console.stdout.print(document(report).pretty)
        case .text: Console.stdout.print(text(report))
        }
    }

    private func document(_ report: FailureReport) -> JSONValue {
        .object([
            "seed": JSONValue(seed), "nodes": JSONValue(nodes), "node_months": .double(report.nodeMonths),
            "heartbeats": JSONValue(report.heartbeats), "probes": JSONValue(report.probes),
            "deaths": JSONValue(report.deaths), "failovers": JSONValue(report.failovers),
            "false_suspicions": JSONValue(report.falseSuspicions), "false_lost": JSONValue(report.falseLosses),
            "failovers_per_node_month": .double(report.perNodeMonth(report.failovers)),
            "false_suspicions_per_node_month": .double(report.perNodeMonth(report.falseSuspicions)),
            "false_lost_per_node_month": .double(report.perNodeMonth(report.falseLosses)),
            "brake_engaged": JSONValue(report.brakeEngaged), "crash_lost_ms": spread(report.crashLost),
            "cut_suspect_ms": spread(report.cutSuspect), "cut_lost_ms": spread(report.cutLost),
        ])
    }

    private func spread(_ spread: FailureReport.Spread) -> JSONValue {
        func value(_ share: Double) -> JSONValue { spread.percentile(share).map { JSONValue($0) } ?? .null }
        return .object([
            "count": JSONValue(spread.count), "p50": value(0.5), "p90": value(0.9), "p99": value(0.99),
            "max": value(1),
        ])
    }

    private func text(_ report: FailureReport) -> String {
        func line(_ name: String, _ spread: FailureReport.Spread) -> String {
            guard let middle = spread.percentile(0.5), let most = spread.percentile(0.99),
                let longest = spread.percentile(1)
            else { return "\(name): none" }
            return "\(name): \(spread.count), p50 \(middle) ms, p99 \(most) ms, longest \(longest) ms"
        }
        func rate(_ count: Int) -> String {
            "\(count), \(Double(Int(report.perNodeMonth(count) * 100)) / 100) a node-month"
        }
        return [
            "\(report.nodeMonths) node-months, \(report.heartbeats) heartbeats, \(report.probes) questions",
            "suspected though alive: \(rate(report.falseSuspicions))",
            "lost though alive: \(rate(report.falseLosses))",
            "deaths: \(report.deaths), failovers: \(report.failovers), brake engaged \(report.brakeEngaged) times",
            line("crashed process lost after", report.crashLost),
            line("cut or frozen machine suspect after", report.cutSuspect),
            line("cut or frozen machine lost after", report.cutLost),
        ].joined(separator: "\n")
    }
}
