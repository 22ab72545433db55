import ArgumentParser
import Foundation
import NoizyClient

/// How much one hostile client worsens the others' latency.
struct BenchFairness: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fairness", abstract: "Others' latency, with a hostile client and without.",
        discussion: """
            Some clients, each with a certificate of its own, offer echo tasks at a steady rate, timed from when each was \
            due. In every second round another client, in a process of its own, does one thing as fast as it can. The \
            rounds alternate, so that what else happens on the machine falls on both alike, and each begins when \
            everything of the one before has ended.

            Elsewhere a hostile client would have a processor of its own. Here it gets what the others leave \
            (--hostile-priority lowest), or competes with everybody (equal). What else it takes from them by being on \
            this machine is told by the controls: `none` does nothing, so it shows how far two equal rounds differ; `burn` \
            uses a processor and asks the grid for nothing; `neighbour` is one more client that behaves like the others.
            """)

    @OptionGroup var options: BenchOptions

    @Option(help: "What the hostile client does: tasks, calls, reads, streams; none, burn, neighbour. May be repeated.")
    var attack: [Attack] = [.tasks]

    @Option(help: "Well-behaved clients.")
    var clients = 4

    @Option(help: "Tasks a second of each.")
    var rate = 100.0

    @Option(help: "Pairs of rounds.")
    var rounds = 5

    @Option(help: "Seconds of each round.")
    var seconds = 4.0

    @Option(help: "lowest or equal.")
    var hostilePriority = HostileProcess.Priority.lowest

    @Option(help: "The share of a processor that `burn` uses, 0 to 1.")
    var share = 1.0

    func validate() throws {
        guard clients > 0, rate > 0, rounds > 0, seconds > 0, (0...1).contains(share) else {
            throw ValidationError(
                "--clients, --rate, --rounds and --seconds must be above 0, --share between 0 and 1.")
        }
    }

    func run() async throws {
        let folder = NSTemporaryDirectory() + "noizylab-bench-\(UInt32.random(in: 0 ... .max))"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let others = FairnessOthers(
            target: options.target, folder: folder, clients: clients, rate: rate, seconds: seconds)
        try await others.prepare()
        try await options.target.locator.withGrid { grid in
            _ = try await grid.issueCertificate(name: "hostile", role: "submitter", into: "\(folder)/hostile")
        }
        _ = try await others.round()
        for attack in attack {
            var quiet = FairnessRounds()
            var beside = FairnessRounds()
            var hostile = HostileProcess.Report()
            for _ in 0..<rounds {
                quiet.add(try await others.round())
                let process = try HostileProcess(
                    attack, hostilePriority, options.target.locator, folder: "\(folder)/hostile", rate: rate,
                    share: share)
                beside.add(try await others.round())
                hostile.add(await process.stop())
            }
            try report(attack, quiet, beside, hostile)
        }
    }

    private func report(
        _ attack: Attack, _ quiet: FairnessRounds, _ beside: FairnessRounds, _ hostile: HostileProcess.Report
    ) throws {
        let setting = ["others": "\(clients) at \(Int(rate))/s each", "hostile priority": hostilePriority.rawValue]
        var alone = quiet.report
        alone.setting = setting.merging(["round": "quiet"]) { $1 }
        try alone.print(as: options.document.output)
        var besieged = beside.report
        besieged.setting = setting.merging(["round": "beside \(attack.rawValue)"]) { $1 }
        for (name, share) in [("p50", 0.5), ("p90", 0.9), ("p99", 0.99)] {
            besieged.figures["\(name) worsened by, %"] = BenchReport.rounded(
                beside.median(share) / max(1, quiet.median(share)) * 100 - 100)
        }
        besieged.figures["hostile attempts a second"] = BenchReport.rounded(Double(hostile.attempts) / hostile.seconds)
        besieged.figures["hostile client's share of a processor, %"] = BenchReport.rounded(
            hostile.cpuSeconds / hostile.seconds * 100)
        try besieged.print(as: options.document.output)
    }
}

/// What the hostile client of a measurement does.
enum Attack: String, ExpressibleByArgument, CaseIterable, Sendable {
    case tasks, calls, reads, streams
    /// Controls: nothing at all, a processor's time without a word to the grid, a client as good as the others.
    case none, burn, neighbour
}
