import ArgumentParser
import Foundation
import GRPCCore
import GridWire
import Synchronization

/// Much output from one task to one watching client.
struct BenchStream: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stream", abstract: "Output of one task to a watching client.")

    @OptionGroup var options: BenchOptions

    @Option(help: "How much the task prints.")
    var bytes: Int64 = 1 << 30

    @Option(help: "The node it runs on.")
    var on: String?

    func run() async throws {
        let report = try await BenchGrid.with(options.target) { grid in
            _ = try await OutputWatch.run(min(bytes, 16 << 20), node: on, on: grid)
            let before = grid.processes.times()
            let resident = ResidentPeak(grid.processes)
            return try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await resident.follow() }
                let begin = monotonicNanoseconds()
                let read = try await OutputWatch.run(bytes, node: on, on: grid)
                let wall = Double(monotonicNanoseconds() - begin) / 1e9
                let after = grid.processes.times()
                group.cancelAll()
                let cpu = CPUPerTask(from: before, to: after, tasks: 1)
                var report = BenchReport("stream", count: 1)
                report.wallS = wall
                let megabytes = Double(read) / 1e6
                report.figures = resident.figures.merging([
                    "bytes": Double(read), "mb_per_s": BenchReport.rounded(megabytes / wall),
                    "cpu_us_per_mb": BenchReport.rounded(cpu.total / megabytes),
                    "cpu_us_per_mb_client": BenchReport.rounded(cpu.clientMicroseconds / megabytes),
                    "cpu_us_per_mb_coordinator": BenchReport.rounded(cpu.coordinatorMicroseconds / megabytes),
                    "cpu_us_per_mb_agents": BenchReport.rounded(cpu.agentsMicroseconds / megabytes),
                ]) { $1 }
                return report
            }
        }
        try report.print(as: options.document.output)
    }
}

/// How long a whole result of some size takes, from submission to its last byte.
struct BenchResult: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "result", abstract: "From submission to the last byte of a task that prints 1 MB.")

    @OptionGroup var options: BenchOptions

    @Option(help: "How much each task prints.")
    var bytes: Int64 = 1_000_000

    @Option(help: "Tasks, one after another.")
    var count = 50

    func run() async throws {
        let latency = try await BenchGrid.with(options.target) { grid in
            var latency = LatencyHistogram()
            _ = try await OutputWatch.run(bytes, node: nil, on: grid)
            for _ in 0..<count {
                let begin = monotonicNanoseconds()
                _ = try await OutputWatch.run(bytes, node: nil, on: grid)
                latency.record(monotonicNanoseconds() - begin)
            }
            return latency
        }
        var report = BenchReport("result", latency)
        report.setting["bytes"] = "\(bytes)"
        try report.print(as: options.document.output)
    }
}

/// Runs a task that prints so many bytes, watches it, and checks that they come whole and in order.
enum OutputWatch {
    static func run(_ bytes: Int64, node: String?, on grid: BenchGrid) async throws -> Int64 {
        var request = Noizylab_Grid_SubmitRequest()
        request.spec = TaskLoad.command(["head", "-c", "\(bytes)", "/dev/zero"], node: node)
        request.spec.outputLimitBytes = bytes + 1
        let submitted = try await grid.tasks.submit(request)
        var watch = Noizylab_Grid_WatchRequest()
        watch.task = submitted.task.id
        let (read, last) = try await grid.tasks.watch(watch) { response in
            var offset: Int64 = 0
            var last = Noizylab_Grid_TaskInfo()
            for try await update in response.messages {
                switch update.update {
                case .task(let task): last = task
                case .output(let output):
                    for chunk in output.chunks {
                        guard chunk.offset == offset, chunk.omittedBefore == 0 else {
                            throw BenchError(
                                "Byte \(offset) was awaited and \(chunk.offset) came, \(chunk.omittedBefore) left out.")
                        }
                        offset += Int64(chunk.data.count)
                    }
                case .progress, nil: break
                }
            }
            return (offset, last)
        }
        guard last.state == "succeeded", read == bytes else {
            throw BenchError("\(read) of \(bytes) bytes came, and the task is \(last.state): \(last.reason)")
        }
        return read
    }
}

/// The most memory that the grid's processes held while it was followed.
final class ResidentPeak: Sendable {
    private let processes: GridProcesses
    private let start: (coordinator: Int64, agents: Int64)
    private let peak: Mutex<(coordinator: Int64, agents: Int64)>

    init(_ processes: GridProcesses) {
        self.processes = processes
        start = Self.now(processes)
        peak = Mutex(start)
    }

    func follow() async throws {
        while !Task.isCancelled {
            let now = Self.now(processes)
            peak.withLock { peak in
                peak.coordinator = max(peak.coordinator, now.coordinator)
                peak.agents = max(peak.agents, now.agents)
            }
            do { try await Task.sleep(for: .milliseconds(50)) } catch { return }
        }
    }

    var figures: [String: Double] {
        let peak = peak.withLock { $0 }
        func megabytes(_ bytes: Int64) -> Double { BenchReport.rounded(Double(bytes) / 1e6) }
        return [
            "coordinator_rss_mb_before": megabytes(start.coordinator),
            "coordinator_rss_mb_peak": megabytes(peak.coordinator),
            "largest_agent_rss_mb_before": megabytes(start.agents), "largest_agent_rss_mb_peak": megabytes(peak.agents),
        ]
    }

    private static func now(_ processes: GridProcesses) -> (coordinator: Int64, agents: Int64) {
        (
            processes.coordinator.flatMap { ProcessSample.of($0)?.residentBytes } ?? 0,
            processes.agents.values.compactMap { ProcessSample.of($0)?.residentBytes }.max() ?? 0
        )
    }
}
