import ArgumentParser

/// `noizylab bench`: measures a running grid. `Benchmarks/run` runs it among the systems it is compared with.
struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench", abstract: "Measure a running grid.",
        discussion: "Start one with `noizylab start --lab`. Figures are worth something only on an idle machine.",
        subcommands: [
            BenchLatency.self, BenchThroughput.self, BenchUnary.self, BenchStream.self, BenchResult.self,
            BenchProcesses.self, BenchSize.self, BenchScale.self, BenchGateway.self, BenchFairness.self,
            BenchFlood.self, BenchSigning.self, BenchReconnect.self, BenchLoss.self,
        ])
}

enum BenchDurability: String, ExpressibleByArgument, CaseIterable, Sendable {
    case ephemeral, durable
}
