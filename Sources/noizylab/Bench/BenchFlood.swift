import ArgumentParser
import GRPCCore
import GridWire
import SwiftProtobuf
import Synchronization

/// The hostile client of `bench fairness`: does one thing as fast as it can until it is told to stop, and prints how often
/// it tried. Only ever aimed at a grid of one's own.
struct BenchFlood: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "flood", abstract: "What bench fairness runs beside the others.", shouldDisplay: false)

    @OptionGroup var options: BenchOptions

    @Argument(help: "tasks, calls, reads or streams.")
    var attack: Attack

    @Option(help: "Calls at once.")
    var width = 256

    @Option(help: "Ends by itself after this.")
    var seconds = 120.0

    func run() async throws {
        let attempts = Tally()
        let interrupts = Interrupts()
        let (attack, width, seconds) = (attack, width, seconds)
        try await BenchGrid.with(options.target) { grid in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { _ = await interrupts.wait() }
                group.addTask { try await Task.sleep(for: .seconds(seconds)) }
                for _ in 0..<(attack == .tasks ? 4 : width) {
                    group.addTask {
                        while !Task.isCancelled { await attack.once(grid) { attempts.add($0) } }
                    }
                }
                _ = try await group.next()
                group.cancelAll()
                while (try? await group.next()) != nil {}
            }
        }
        print(attempts.count)
    }
}

private final class Tally: Sendable {
    private let number = Atomic(0)

    func add(_ count: Int) { number.add(count, ordering: .relaxed) }

    var count: Int { number.load(ordering: .relaxed) }
}

extension Attack {
    /// One try; whatever comes of it, the next follows.
    fileprivate func once(_ grid: BenchGrid, _ tried: @escaping @Sendable (Int) -> Void) async {
        switch self {
        case .tasks:
            _ = try? await grid.tasks.runTasks { writer in
                while !Task.isCancelled {
                    var message = Noizylab_Grid_RunTasksRequest()
                    message.submissions = (0..<256).map { number in
                        .with {
                            $0.ref = UInt64(number)
                            $0.spec.echo.text = "hello"
                        }
                    }
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
        }
    }
}
