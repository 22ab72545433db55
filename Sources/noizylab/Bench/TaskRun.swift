import GridWire
import Synchronization

/// The book of one load: which task was sent when, and what its result said. Shared by the stream's writer and reader.
final class TaskRun: Sendable {
    private struct State {
        /// When each task was sent, or was due; by its ref.
        var startedAt: [UInt64] = []
        var finished = 0
        var firstDue: UInt64?
        var lastResult: UInt64 = 0
        var begin: (at: UInt64, cpu: GridProcesses.Times)?
        var end: (at: UInt64, cpu: GridProcesses.Times)?
        var measurement = TaskMeasurement()
    }

    private let load: TaskLoad
    private let processes: GridProcesses
    private let state: Mutex<State>

    /// The coordinator refuses more unanswered tasks than this of one stream; what is due waits, and its time runs.
    private static let unansweredLimit = 16_000

    init(_ load: TaskLoad, processes: GridProcesses) {
        self.load = load
        self.processes = processes
        state = Mutex(State())
    }

    /// How many will be sent, at most. At a given rate everything that falls due within the time is sent and awaited, however
    /// late: what a slow grid still owes would be missing among the slow ones.
    private var total: Int {
        load.warmUp + min(load.count, load.rate.map { max(1, Int($0 * load.seconds)) } ?? .max)
    }

    /// True when nothing more is to be sent.
    var isOver: Bool { state.withLock { $0.end != nil || $0.startedAt.count >= total } }

    /// How long nothing is due, at a given rate.
    func pause(at now: UInt64) -> Duration {
        state.withLock { state in
            guard let rate = load.rate, let start = state.firstDue else { return .zero }
            let next = start + UInt64(Double(state.startedAt.count) / rate * 1e9)
            return .nanoseconds(next > now ? min(next - now, 1_000_000) : 100_000)
        }
    }

    /// What may be sent now; nil when there is nothing.
    func nextMessage(at now: UInt64) -> Noizylab_Grid_RunTasksRequest? {
        let refs = state.withLock { state in load.rate.map { due(&state, now, $0) } ?? free(&state, now) }
        guard !refs.isEmpty else { return nil }
        var message = Noizylab_Grid_RunTasksRequest()
        message.submissions.reserveCapacity(refs.count)
        for ref in refs {
            var submission = Noizylab_Grid_TaskSubmission()
            submission.ref = UInt64(ref)
            submission.spec = load.spec
            message.submissions.append(submission)
        }
        return message
    }

    /// A new task for every one that was answered.
    private func free(_ state: inout State, _ now: UInt64) -> Range<Int> {
        if state.begin == nil, load.warmUp == 0 { state.begin = (now, processes.times()) }
        let first = state.startedAt.count
        guard state.end == nil else { return first..<first }
        let unanswered = first - state.finished
        let number = max(0, min(load.inFlight - unanswered, load.batch, total - first))
        state.startedAt += repeatElement(now, count: number)
        return first..<first + number
    }

    /// What the rate asks for by now, late or not.
    private func due(_ state: inout State, _ now: UInt64, _ rate: Double) -> Range<Int> {
        let start = state.firstDue ?? now
        state.firstDue = start
        let first = state.startedAt.count
        if first >= load.warmUp, state.begin == nil { state.begin = (now, processes.times()) }
        let phase = first < load.warmUp ? load.warmUp : total
        let due = Int(Double(now - start) / 1e9 * rate) + 1
        let number = max(
            0, min(due - first, load.batch, phase - first, Self.unansweredLimit - (first - state.finished)))
        for ref in first..<first + number { state.startedAt.append(start + UInt64(Double(ref) / rate * 1e9)) }
        return first..<first + number
    }

    func take(_ results: [Noizylab_Grid_TaskResult], at now: UInt64) throws {
        try state.withLock { state in
            for result in results {
                guard let ref = Int(exactly: result.ref), ref < state.startedAt.count else {
                    throw BenchError("A result came for task \(result.ref), which was not sent.")
                }
                state.finished += 1
                state.lastResult = now
                guard load.rate == nil else {
                    if ref >= load.warmUp { state.measurement.record(result, nanoseconds: now - state.startedAt[ref]) }
                    continue
                }
                guard let begin = state.begin else {
                    if state.finished >= load.warmUp { state.begin = (now, processes.times()) }
                    continue
                }
                guard state.end == nil else { continue }
                state.measurement.record(result, nanoseconds: now - state.startedAt[ref])
                let isLate = Double(now - begin.at) > load.seconds * 1e9
                if state.measurement.count >= load.count || isLate { state.end = (now, processes.times()) }
            }
        }
    }

    func measurement() throws -> TaskMeasurement {
        try state.withLock { state in
            if load.rate != nil, state.finished == state.startedAt.count, state.measurement.count > 0 {
                state.end = (state.lastResult, processes.times())
            }
            guard let begin = state.begin, let end = state.end else {
                throw BenchError("The stream ended after \(state.finished) of \(load.warmUp + load.count) results.")
            }
            var measurement = state.measurement
            measurement.wallSeconds = Double(end.at - begin.at) / 1e9
            measurement.cpu = CPUPerTask(from: begin.cpu, to: end.cpu, tasks: measurement.count)
            return measurement
        }
    }
}
