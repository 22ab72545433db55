import Foundation
import GridWire
import NoizyClient

/// The well-behaved clients of `bench fairness`.
struct FairnessOthers: Sendable {
    let target: BenchTarget
    /// Where their certificates go.
    let folder: String
    let clients: Int
    /// Tasks a second of each.
    let rate: Double
    let seconds: Double

    func prepare() async throws {
        try await target.locator.withGrid { grid in
            for number in 0..<clients {
                _ = try await grid.issueCertificate(
                    name: "fair-\(number)", role: "submitter", into: "\(folder)/fair-\(number)")
            }
        }
    }

    /// All of them at once, each over its own connection, once nothing of an earlier round is left.
    func round() async throws -> TaskMeasurement {
        try await settle()
        let load = TaskLoad(
            spec: TaskLoad.echo(durability: "durable"), warmUp: Int(rate / 4) + 1, count: .max / 2, rate: rate,
            seconds: seconds)
        return try await withThrowingTaskGroup(of: TaskMeasurement.self) { group in
            for number in 0..<clients {
                let own = target.holding("\(folder)/fair-\(number)")
                group.addTask { try await BenchGrid.with(own) { try await load.run(on: $0) } }
            }
            var all = TaskMeasurement()
            for try await measured in group {
                if let (why, count) = measured.failures.first {
                    throw BenchError("\(count) of the others' tasks: \(why)")
                }
                all.merge(measured)
            }
            return all
        }
    }

    private func settle() async throws {
        let deadline = ContinuousClock.now + .seconds(60)
        try await target.locator.withGrid { grid in
            while true {
                let tasks = try await grid.admin.status(Noizylab_Grid_StatusRequest()).tasks
                let living = ["queued", "assigned", "running"].reduce(0) { $0 + tasks[$1, default: 0] }
                if living == 0 { return }
                guard ContinuousClock.now < deadline else {
                    throw BenchError("\(living) tasks of an earlier round still live after a minute.")
                }
                try await Task.sleep(for: .milliseconds(50))
            }
        }
        // Whoever was asking counts as busy for a second.
        try await Task.sleep(for: .milliseconds(1_200))
    }
}

/// What several rounds of one kind gave.
struct FairnessRounds: Sendable {
    private var rounds: [LatencyHistogram] = []
    private var all = TaskMeasurement()

    mutating func add(_ round: TaskMeasurement) {
        rounds.append(round.latency)
        all.merge(round)
    }

    /// Of the rounds' percentiles the middle one, in nanoseconds: one round with a stall of the machine is not the rule.
    func median(_ share: Double) -> Double {
        let sorted = rounds.map { Double($0.percentile(share)) }.sorted()
        guard !sorted.isEmpty else { return 0 }
        let middle = sorted.count / 2
        return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    }

    var report: BenchReport {
        var report = BenchReport("fairness", all)
        report.cpu = nil
        report.cpuUsPerOp = nil
        report.rate = nil
        report.wallS = nil
        for (name, share) in [("p50", 0.5), ("p90", 0.9), ("p99", 0.99)] {
            report.figures["\(name) of the middle round, µs"] = BenchReport.rounded(median(share) / 1_000)
        }
        let worst = rounds.map { Double($0.percentile(0.99)) / 1_000 }
        report.figures["p99 of the best round, µs"] = BenchReport.rounded(worst.min() ?? 0)
        report.figures["p99 of the worst round, µs"] = BenchReport.rounded(worst.max() ?? 0)
        return report
    }
}
