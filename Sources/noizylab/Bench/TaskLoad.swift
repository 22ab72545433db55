import GRPCCore
import GridWire

/// Tasks to run over one open `RunTasks` stream, and how they are offered.
struct TaskLoad: Sendable {
    var spec: Noizylab_Grid_TaskSpec
    /// Results before measuring.
    var warmUp: Int
    /// Results to measure, at most.
    var count: Int
    /// Unanswered tasks at any moment, at most.
    var inFlight = 1
    /// Submissions in one message, at most.
    var batch = 256
    /// Tasks per second, offered whatever becomes of them, and timed from the moment each was due: what a stall keeps
    /// from being sent counts too. Nil: a new task for every result, timed from its sending.
    var rate: Double?
    /// The measured part is no longer than this.
    var seconds = 60.0

    /// Echoes with a small text.
    static func echo(durability: String) -> Noizylab_Grid_TaskSpec {
        var spec = Noizylab_Grid_TaskSpec()
        spec.echo.text = "hello"
        spec.durability = durability
        return spec
    }

    static func command(_ arguments: [String], node: String? = nil) -> Noizylab_Grid_TaskSpec {
        var spec = Noizylab_Grid_TaskSpec()
        spec.command.arguments = arguments
        spec.node = node ?? ""
        return spec
    }

    func run(on grid: BenchGrid) async throws -> TaskMeasurement {
        let run = TaskRun(self, processes: grid.processes)
        let (turns, turn) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        turn.yield()
        return try await grid.tasks.runTasks { writer in
            if rate == nil {
                for await _ in turns {
                    while let message = run.nextMessage(at: monotonicNanoseconds()) { try await writer.write(message) }
                    if run.isOver { break }
                }
            } else {
                while !run.isOver {
                    if let message = run.nextMessage(at: monotonicNanoseconds()) {
                        try await writer.write(message)
                    } else {
                        try await Task.sleep(for: run.pause(at: monotonicNanoseconds()))
                    }
                }
            }
        } onResponse: { response in
            for try await message in response.messages {
                try run.take(message.results, at: monotonicNanoseconds())
                turn.yield()
            }
            return try run.measurement()
        }
    }
}
