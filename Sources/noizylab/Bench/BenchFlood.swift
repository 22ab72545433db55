import ArgumentParser
import Foundation
import GRPCCore
import GridWire
import SwiftProtobuf
import Synchronization

/// The hostile client of `bench fairness`: does one thing as fast as it can until it is told to stop, and prints how often
/// it tried, its processor time and its time. Only ever aimed at a grid of one's own.
struct BenchFlood: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "flood", abstract: "What bench fairness runs beside the others.", shouldDisplay: false)

    @OptionGroup var options: BenchOptions

    @Argument(help: "tasks, calls, reads, streams, none, burn or neighbour.")
    var attack: Attack

    @Option(help: "Calls at once.")
    var width = 256

    @Option(help: "Tasks a second of a neighbour.")
    var rate = 100.0

    @Option(help: "The share of a processor that is burnt.")
    var share = 1.0

    @Option(help: "Ends by itself after this.")
    var seconds = 120.0

    func run() async throws {
        let attempts = Tally()
        let interrupts = Interrupts()
        let flood = self
        try await BenchGrid.with(options.target) { grid in
            let begin = monotonicNanoseconds()
            let cpu = ProcessSample.of(getpid())?.cpuNanoseconds ?? 0
            FileHandle.standardOutput.write(Data("\n".utf8))
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { _ = await interrupts.wait() }
                group.addTask { try await Task.sleep(for: .seconds(flood.seconds)) }
                for _ in 0..<flood.attack.width(flood.width) {
                    group.addTask {
                        while !Task.isCancelled { await flood.once(grid) { attempts.add($0) } }
                    }
                }
                _ = try await group.next()
                group.cancelAll()
                while (try? await group.next()) != nil {}
            }
            let used = (ProcessSample.of(getpid())?.cpuNanoseconds ?? 0) - cpu
            print(attempts.count, used / 1e9, Double(monotonicNanoseconds() - begin) / 1e9)
        }
    }

    /// One try; whatever comes of it, the next follows.
    private func once(_ grid: BenchGrid, _ tried: @escaping @Sendable (Int) -> Void) async {
        switch attack {
        case .tasks:
            var message = Noizylab_Grid_RunTasksRequest()
            message.submissions = (0..<256).map { number in
                .with {
                    $0.ref = UInt64(number)
                    $0.spec.echo.text = "hello"
                }
            }
            _ = try? await grid.tasks.runTasks { [message] writer in
                while !Task.isCancelled {
                    try await writer.write(message)
                    tried(256)
                }
            } onResponse: { response in
                for try await _ in response.messages {}
            }
        case .calls:
            tried(1)
            _ = try? await grid.rpc.executeTask(
                .with {
                    $0.taskType = "echo"; $0.payload = "hello"
                })
        case .reads:
            tried(1)
            _ = try? await grid.tasks.list(.with { $0.limit = 1_000 })
        case .streams:
            tried(1)
            _ = try? await grid.tasks.watch(.with { $0.task = "nothing" }) { for try await _ in $0.messages {} }
        case .none:
            try? await Task.sleep(for: .seconds(1))
        case .burn:
            let end = monotonicNanoseconds() + UInt64(share * 2e6)
            while monotonicNanoseconds() < end {}
            if share < 1 { try? await Task.sleep(for: .microseconds(Int64((1 - share) * 2_000))) }
            // The word to stop comes by the same event loop.
            await Task.yield()
        case .neighbour:
            let load = TaskLoad(
                spec: TaskLoad.echo(durability: "durable"), warmUp: 0, count: .max / 2, rate: rate, seconds: seconds)
            _ = try? await load.run(on: grid)
        }
    }
}

private final class Tally: Sendable {
    private let number = Atomic(0)

    func add(_ count: Int) { number.add(count, ordering: .relaxed) }

    var count: Int { number.load(ordering: .relaxed) }
}

extension Attack {
    /// How many tries go on side by side.
    fileprivate func width(_ calls: Int) -> Int {
        switch self {
        case .tasks: 4
        case .calls, .reads, .streams: calls
        case .none, .burn, .neighbour: 1
        }
    }
}
