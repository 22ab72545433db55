import GridWire
import NoizyClient
import SwiftProtobuf
import UnixSignals

/// Follows a task to its end on this terminal, and ends the command as the task ended.
struct TaskFollower {
    let grid: GridClient
    let task: Noizylab_Grid_TaskInfo
    let isRaw: Bool
    let isJSON: Bool
    /// Who runs a task and presses Ctrl-C wants it stopped; who watches one only wants to leave.
    let cancelsOnInterrupt: Bool

    /// How long a task that is being cancelled is watched: its grace, and a little.
    private static let cancelPatience: Duration = .seconds(8)

    private enum End: Sendable {
        case finished
        case interrupted
    }

    func run() async throws {
        let view = TaskView(isRaw: isRaw, showsEnding: !isJSON)
        let captured = Shared(CapturedOutput())
        let interrupts = Interrupts()
        let wasInterrupted = Shared(false)
        let (grid, id, isJSON) = (grid, task.id, isJSON)
        view.take(.with { $0.task = task })
        let end = try await withThrowingTaskGroup(of: End?.self) { group in
            defer { group.cancelAll() }
            group.addTask {
                try await grid.follow(id) { update in
                    // The document holds the output; the live line still shows the state.
                    if isJSON, case .output(let output) = update.update {
                        captured.withLock { $0.take(output) }
                    } else {
                        view.take(update)
                    }
                }
                return .finished
            }
            group.addTask {
                while true {
                    try await Task.sleep(for: .milliseconds(100))
                    view.draw()
                }
            }
            group.addTask { [self] in
                await interrupted(by: interrupts) { wasInterrupted.withLock { $0 = true } }
            }
            while let end = try await group.next() { if let end { return end } }
            return End.finished
        }
        view.finish()
        let info = view.info
        if isJSON { Console.stdout.print(TaskDocument.make(info, output: captured.withLock { $0 }).pretty) }
        if end == .interrupted || wasInterrupted.withLock({ $0 }) {
            let isLeft = cancelsOnInterrupt && !(TaskStatus.State(rawValue: info.state)?.isTerminal ?? false)
            throw CommandFailure(
                .interrupted, isLeft ? "left while task \(id) was still being cancelled" : "interrupted",
                try: isLeft ? "noizylab task show \(id)" : "")
        }
        let code = TaskEnding.exitCode(info)
        if code != 0 { throw CommandFailure(code: code, isJSON ? "" : TaskEnding.failure(info), try: hint(info)) }
    }

    /// Returns when the command is to end; nil when the task ends as it was asked to.
    private func interrupted(by interrupts: Interrupts, _ note: @Sendable () -> Void) async -> End? {
        guard await interrupts.wait() else { return nil }
        note()
        guard cancelsOnInterrupt else { return .interrupted }
        Console.stderr.print("\ncancelling task \(task.id); press Ctrl-C again to leave at once")
        return await withTaskGroup(of: End.self) { group in
            defer { group.cancelAll() }
            group.addTask {
                do {
                    _ = try await grid.cancelled(task.id)
                    try await grid.follow(task.id, statesOnly: true) { _ in }
                    // The other follower prints what came to the end.
                    try await Task.sleep(for: .milliseconds(50))
                } catch {
                    // It ended by itself, or nobody answers: either way there is nothing more to wait for.
                }
                return .interrupted
            }
            group.addTask {
                _ = await interrupts.wait()
                return .interrupted
            }
            group.addTask {
                try? await Task.sleep(for: Self.cancelPatience)
                return .interrupted
            }
            return await group.next() ?? .interrupted
        }
    }

    private func hint(_ info: Noizylab_Grid_TaskInfo) -> String {
        switch info.state {
        case "timed_out" where info.attempts.isEmpty: "a longer --queue-timeout; noizylab node list says who is there"
        case "timed_out": "a longer --timeout"
        case "lost": "noizylab task retry \(info.id)"
        default: TaskEnding.failure(info).isEmpty ? "" : "noizylab task show \(info.id)"
        }
    }
}
