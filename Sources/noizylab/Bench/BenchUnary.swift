import ArgumentParser
import GridWire
import Synchronization

/// What existing clients do: one unary call per task.
struct BenchUnary: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "unary", abstract: "ExecuteTask calls, one per echo task.")

    @OptionGroup var options: BenchOptions

    @Option(help: "Calls open at any moment.")
    var inFlight = 64

    @Option(help: "Calls to measure, at most.")
    var count = 20_000

    @Option(help: "Calls before measuring.")
    var warmUp = 1_000

    @Option(help: "Measure no longer than this.")
    var seconds = 20.0

    func validate() throws {
        guard inFlight > 0, count > 0 else { throw ValidationError("--in-flight and --count must be above 0.") }
    }

    func run() async throws {
        let measured = try await BenchGrid.with(options.target) { grid in
            let meter = CallMeter(warmUp: warmUp, count: count, seconds: seconds, processes: grid.processes)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<inFlight {
                    group.addTask {
                        while !meter.isOver {
                            let started = monotonicNanoseconds()
                            var request = Noizylab_Grid_ExecuteTaskRequest()
                            request.taskType = "echo"
                            request.payload = "hello"
                            let response = try await grid.rpc.executeTask(request)
                            guard response.success else { throw BenchError("A call failed: \(response.errorMessage)") }
                            meter.record(from: started, to: monotonicNanoseconds())
                        }
                    }
                }
                try await group.waitForAll()
            }
            return meter.measurement()
        }
        var report = BenchReport("unary", measured)
        report.inFlight = inFlight
        report.setting["durability"] = "durable"
        try report.print(as: options.document.output)
    }
}

/// Times the calls of many callers.
final class CallMeter: Sendable {
    private struct State {
        var finished = 0
        var begin: (at: UInt64, cpu: GridProcesses.Times)?
        var end: (at: UInt64, cpu: GridProcesses.Times)?
        var latency = LatencyHistogram()
    }

    private let warmUp: Int
    private let count: Int
    private let seconds: Double
    private let processes: GridProcesses
    private let state = Mutex(State())

    init(warmUp: Int, count: Int, seconds: Double, processes: GridProcesses) {
        self.warmUp = warmUp
        self.count = count
        self.seconds = seconds
        self.processes = processes
    }

    var isOver: Bool { state.withLock { $0.end != nil } }

    func record(from started: UInt64, to now: UInt64) {
        state.withLock { state in
            guard state.end == nil else { return }
            state.finished += 1
            guard let begin = state.begin else {
                if state.finished >= warmUp { state.begin = (now, processes.times()) }
                return
            }
            state.latency.record(now - started)
            if state.latency.count >= count || Double(now - begin.at) > seconds * 1e9 {
                state.end = (now, processes.times())
            }
        }
    }

    func measurement() -> TaskMeasurement {
        state.withLock { state in
            guard let begin = state.begin, let end = state.end else { return TaskMeasurement() }
            return TaskMeasurement(
                latency: state.latency, wallSeconds: Double(end.at - begin.at) / 1e9,
                cpu: CPUPerTask(from: begin.cpu, to: end.cpu, tasks: Int(state.latency.count)))
        }
    }
}
