import ArgumentParser
import Foundation
import GridWire
import NoizyClient

/// All nodes at once at the door: after a power cut, or when a coordinator comes back.
struct BenchReconnect: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reconnect", abstract: "Many nodes that connect at the same moment, in a lab grid of its own.",
        discussion: """
            Each has a certificate of its own and makes a whole mutual TLS handshake, whose work on both sides is done by \
            this machine. Measured from the first dial until the coordinator says that the last is online; then all \
            connections are cut, and all dial again.
            """)

    @Option(help: "Simulated agents.")
    var agents = 200

    @Option(help: "How often.")
    var rounds = 5

    @OptionGroup var document: DocumentOption

    func validate() throws {
        guard (1...5_000).contains(agents), (1...100).contains(rounds) else {
            throw ValidationError("--agents takes 1 to 5000, --rounds 1 to 100.")
        }
    }

    func run() async throws {
        BenchScale.allowFiles(agents * 2 + 512)
        let report = try await TemporaryLab.with { try await measure($0.target) }
        try report.print(as: document.output)
    }

    private func measure(_ target: BenchTarget) async throws -> BenchReport {
        let fleet = try await BenchGrid.with(target) { grid in
            try SimulatedFleet(size: agents, target: target, cluster: grid.cluster)
        }
        defer { fleet.removeFiles() }
        let wanted = agents
        var seconds: [Double] = []
        for _ in 0..<rounds {
            let begin = monotonicNanoseconds()
            seconds.append(
                try await fleet.whileConnected(pace: .zero) { _ in
                    try await target.locator.withGrid { grid in
                        while try await grid.nodeInfos().count(where: {
                            $0.name.hasPrefix("sim-") && $0.state == "online"
                        })
                            < wanted
                        {
                            try await Task.sleep(for: .milliseconds(10))
                        }
                    }
                    return Double(monotonicNanoseconds() - begin) / 1e9
                })
            try await waitUntilGone(target)
        }
        var report = BenchReport("reconnect", count: agents)
        report.setting["rounds"] = "\(rounds)"
        report.figures["best_s"] = seconds.min()
        report.figures["median_s"] = seconds.sorted()[seconds.count / 2]
        report.figures["worst_s"] = seconds.max()
        return report
    }

    /// So that nobody counts as online from the round before.
    private func waitUntilGone(_ target: BenchTarget) async throws {
        try await target.locator.withGrid { grid in
            while try await grid.nodeInfos().contains(where: { $0.name.hasPrefix("sim-") && $0.state == "online" }) {
                try await Task.sleep(for: .milliseconds(20))
            }
        }
    }
}
