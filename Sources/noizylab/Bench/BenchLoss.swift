import ArgumentParser
import Foundation
import GridWire
import NoizyClient
import Synchronization

/// How soon a dead or frozen agent is missed, on a lab grid of its own: each node in turn, as a follower of the events
/// on this machine sees it.
struct BenchLoss: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "loss", abstract: "How soon a killed or a frozen agent is suspect, lost, and back.",
        discussion: "Starts a lab grid of its own and stops it afterwards.")

    enum Fault: String, ExpressibleByArgument, CaseIterable, Sendable {
        /// `kill -9`: the connection closes.
        case kill
        /// `SIGSTOP`: the connection stays open and nothing comes.
        case freeze
    }

    @Option(help: "kill or freeze.")
    var fault = Fault.kill

    @Option(help: "How often.")
    var rounds = 30

    @OptionGroup var document: DocumentOption

    func validate() throws {
        guard (1...10_000).contains(rounds) else { throw ValidationError("--rounds is 1 to 10000, not \(rounds)") }
    }

    func run() async throws {
        let (fault, rounds) = (fault, rounds)
        let found = try await TemporaryLab.with { lab in
            try await lab.target.locator.withGrid { client in
                try await LossMeasurement(client: client, home: HomeFolder(path: lab.folder), fault: fault)
                    .run(rounds: rounds)
            }
        }
        var report = BenchReport("loss", found.lost)
        report.setting = ["fault": fault.rawValue]
        for (name, histogram) in [("suspect", found.suspect), ("lost", found.lost), ("back", found.back)] {
            for (label, share) in [("p50", 0.5), ("p99", 0.99), ("max", 1)] {
                report.figures["\(name)_\(label)_ms"] = BenchReport.rounded(
                    Double(histogram.percentile(share)) / 1e6)
            }
        }
        report.failures = found.failures
        try report.print(as: document.output)
    }
}

/// Kills or freezes one node after the other, and times what the events say of it.
struct LossMeasurement: Sendable {
    struct Found: Sendable {
        var suspect = LatencyHistogram()
        var lost = LatencyHistogram()
        var back = LatencyHistogram()
        /// Rounds in which something was never said, by what it was.
        var failures: [String: Int] = [:]
    }

    private struct Seen: Sendable {
        let kind: String
        let node: String
        let at: UInt64
    }

    let client: GridClient
    let home: HomeFolder
    let fault: BenchLoss.Fault

    func run(rounds: Int) async throws -> Found {
        let seen = Journal()
        return try await withThrowingTaskGroup(of: Found?.self) { group in
            group.addTask {
                try await client.followEvents(follow: true) { seen.note($0) }
                return nil
            }
            group.addTask { try await measure(rounds, seen) }
            defer { group.cancelAll() }
            while let ended = try await group.next() {
                if let found = ended { return found }
            }
            throw BenchError("The events ended before the measurement.")
        }
    }

    private func measure(_ rounds: Int, _ seen: Journal) async throws -> Found {
        var found = Found()
        let names = try await client.nodeInfos().map(\.name).sorted()
        // The follower is there when it hears a node's life.
        try await Task.sleep(for: .seconds(1))
        for round in 0..<rounds {
            let name = names[round % names.count]
            guard let record = ProcessRecord.living(.agent(name), in: home) else {
                throw BenchError("The agent of \(name) does not run.")
            }
            let begin = monotonicNanoseconds()
            record.signal(fault == .kill ? SIGKILL : SIGSTOP)
            let suspect = await seen.first("node_suspect", of: name, after: begin, within: .seconds(4))
            let lost = await seen.first("node_offline", of: name, after: begin, within: .seconds(8))
            if fault == .freeze { record.signal(SIGCONT) }
            let back = await seen.first("node_online", of: name, after: begin, within: .seconds(20))
            for (time, what) in [(suspect, "never suspect"), (lost, "never lost"), (back, "never back")]
            where time == nil {
                found.failures[what, default: 0] += 1
            }
            if let suspect { found.suspect.record(suspect - begin) }
            if let lost { found.lost.record(lost - begin) }
            if let back { found.back.record(back - begin) }
            try await Task.sleep(for: .milliseconds(700))
        }
        return found
    }

    /// What was told, and when it came here.
    private final class Journal: Sendable {
        private let entries = Mutex<[Seen]>([])

        func note(_ events: [Noizylab_Grid_Event]) {
            let now = monotonicNanoseconds()
            entries.withLock { entries in
                entries += events.map { Seen(kind: $0.kind, node: $0.node, at: now) }
            }
        }

        func first(_ kind: String, of node: String, after begin: UInt64, within limit: Duration) async -> UInt64? {
            let end = ContinuousClock.now + limit
            while ContinuousClock.now < end {
                let found = entries.withLock { entries in
                    entries.first { $0.kind == kind && $0.node == node && $0.at >= begin }?.at
                }
                if let found { return found }
                try? await Task.sleep(for: .milliseconds(1))
            }
            return nil
        }
    }
}
