import ArgumentParser
import Foundation
import GridIdentity
import NoizyClient

/// How much one hostile client worsens the others' latency.
struct BenchFairness: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fairness", abstract: "Others' latency, with a hostile client and without.",
        discussion: """
            Some clients, each with a certificate of its own, offer echo tasks at a steady rate, timed from when each was \
            due. In every second round another client, in a process of its own with the lowest priority (elsewhere it \
            would have its own processor), does one thing as fast as it can. The rounds alternate, so that what else \
            happens on the machine falls on both alike.
            """)

    @OptionGroup var options: BenchOptions

    @Option(help: "What the hostile client does: tasks, calls, reads or streams.")
    var attack: Attack = .tasks

    @Option(help: "Well-behaved clients.")
    var clients = 4

    @Option(help: "Tasks a second of each.")
    var rate = 100.0

    @Option(help: "Pairs of rounds.")
    var rounds = 4

    @Option(help: "Seconds of each round.")
    var seconds = 4.0

    func validate() throws {
        guard clients > 0, rate > 0, rounds > 0, seconds > 0 else {
            throw ValidationError("--clients, --rate, --rounds and --seconds must be above 0.")
        }
    }

    func run() async throws {
        let folder = NSTemporaryDirectory() + "noizylab-bench-\(UInt32.random(in: 0 ... .max))"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try await options.target.locator.withGrid { grid in
            for number in 0..<clients {
                _ = try await grid.issueCertificate(
                    name: "fair-\(number)", role: "submitter", into: "\(folder)/fair-\(number)")
            }
            _ = try await grid.issueCertificate(name: "hostile", role: "submitter", into: "\(folder)/hostile")
        }
        var quiet = LatencyHistogram()
        var besieged = LatencyHistogram()
        var attempts = 0
        _ = try await round(folder)
        for _ in 0..<rounds {
            quiet.merge(try await round(folder))
            let hostile = try HostileProcess(attack, options.target.locator, folder: "\(folder)/hostile")
            let latency = try await round(folder)
            attempts += await hostile.stop()
            besieged.merge(latency)
        }
        var alone = BenchReport("fairness", quiet)
        alone.setting = ["others": "\(clients) at \(Int(rate))/s each", "round": "quiet"]
        var beside = BenchReport("fairness", besieged)
        beside.setting = ["others": "\(clients) at \(Int(rate))/s each", "round": "beside \(attack.rawValue)"]
        let change = Double(besieged.percentile(0.99)) / Double(max(1, quiet.percentile(0.99)))
        beside.figures = [
            "p99 worsened by, %": BenchReport.rounded((change - 1) * 100),
            "hostile attempts a second": BenchReport.rounded(Double(attempts) / (Double(rounds) * seconds)),
        ]
        try alone.print(as: options.document.output)
        try beside.print(as: options.document.output)
    }

    /// All clients at once, each over its own connection.
    private func round(_ folder: String) async throws -> LatencyHistogram {
        let load = TaskLoad(
            spec: TaskLoad.echo(durability: "durable"), warmUp: Int(rate / 4) + 1, count: .max / 2, rate: rate,
            seconds: seconds)
        let locator = options.target.locator
        return try await withThrowingTaskGroup(of: TaskMeasurement.self) { group in
            for number in 0..<clients {
                let target = BenchTarget(
                    locator: GridLocator(
                        home: locator.home, config: nil, grid: locator.grid,
                        credentialsFolder: "\(folder)/fair-\(number)"), isHere: false)
                group.addTask { try await BenchGrid.with(target) { try await load.run(on: $0) } }
            }
            var latency = LatencyHistogram()
            for try await measured in group {
                if let (why, count) = measured.failures.first {
                    throw BenchError("\(count) of the others' tasks: \(why)")
                }
                latency.merge(measured.latency)
            }
            return latency
        }
    }
}

/// What a hostile client does.
enum Attack: String, ExpressibleByArgument, CaseIterable, Sendable {
    case tasks, calls, reads, streams
}

/// `noizylab bench flood` in a process of its own.
private struct HostileProcess {
    private let process: Process
    private let output: Pipe

    init(_ attack: Attack, _ locator: GridLocator, folder: String) throws {
        process = Process()
        output = Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/nice")
        process.arguments =
            ["-n", "19", Bundle.main.executablePath ?? "noizylab", "bench", "flood", attack.rawValue]
            + ["--home", locator.home.path, "--cert", folder] + (locator.grid.map { ["--grid", $0] } ?? [])
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
    }

    /// Returns how often it tried.
    func stop() async -> Int {
        process.terminate()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return text.split(separator: "\n").last.flatMap { Int($0) } ?? 0
    }
}
