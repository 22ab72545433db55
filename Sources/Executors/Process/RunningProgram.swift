import GridModel
import ProcessShims

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// One program that a process loop runs, and the descriptors that belong to it.
final class RunningProgram {
    /// What the poller can say is ready; the low bits of a token.
    enum Part: UInt64 { case exit, output, error, input }

    let key: UInt64
    let launch: ProcessLaunch
    let process: SpawnedProcess
    let input: [UInt8]
    let scratch: String
    let startedAt: MonotonicTime
    let events: @Sendable (AttemptEvent) -> Void
    let tree: ProcessTree
    var lifecycle: ProcessLifecycle
    /// Bytes of output that may still be delivered.
    var credit: Int
    var inputWritten: Int
    /// Set only where the system cannot tell of the end by itself.
    var exitPollAt: MonotonicTime?
    /// When the record of it is to be written; nil when it is, or need not be.
    var recordAt: MonotonicTime?
    var hasRecord = false
    var scheduledFor = MonotonicTime.distantFuture
    private(set) var isInputClosed: Bool
    private var output: Int32
    private var error: Int32
    private var readsOutput = false
    private var readsError = false
    private var hasWidePipe = false

    init(
        key: UInt64, launch: ProcessLaunch, process: SpawnedProcess, input: [UInt8], scratch: String, mark: String,
        startedAt: MonotonicTime, limits: ProcessLifecycle.Limits, events: @escaping @Sendable (AttemptEvent) -> Void
    ) {
        self.key = key
        self.launch = launch
        self.process = process
        self.input = input
        self.scratch = scratch
        self.startedAt = startedAt
        self.events = events
        tree = ProcessTree(root: process.id, mark: mark)
        lifecycle = ProcessLifecycle(
            startedAt: startedAt, timeoutMilliseconds: launch.timeoutMilliseconds, limits: limits)
        credit = launch.window
        inputWritten = process.inputWritten
        isInputClosed = process.input < 0
        output = process.output
        error = process.error
    }

    func token(_ part: Part) -> UInt64 { key << 2 | part.rawValue }

    var nextDeadline: MonotonicTime {
        min(lifecycle.deadline, min(exitPollAt ?? .distantFuture, recordAt ?? .distantFuture))
    }

    var isOutputClosed: Bool { output < 0 && error < 0 }

    /// -1 when it is closed.
    func descriptor(_ part: Part) -> Int32 {
        switch part {
        case .output: output
        case .error: error
        case .exit, .input: -1
        }
    }

    func isReading(_ part: Part) -> Bool { part == .output ? readsOutput : readsError }

    func setReading(_ part: Part, _ isReading: Bool) {
        if part == .output { readsOutput = isReading } else { readsError = isReading }
    }

    /// For programs that write much: fewer turns per byte. Refused by the system when the user has too many.
    func widenPipe(_ part: Part) {
        guard !hasWidePipe else { return }
        hasWidePipe = true
        noizylab_widen_pipe(descriptor(part))
    }

    func close(_ part: Part) {
        systemClose(descriptor(part))
        setReading(part, false)
        if part == .output { output = -1 } else { error = -1 }
    }

    func closeInput() {
        systemClose(process.input)
        isInputClosed = true
    }

    func closeAll() {
        if output >= 0 { close(.output) }
        if error >= 0 { close(.error) }
        if process.handle >= 0 { systemClose(process.handle) }
    }
}

private func systemClose(_ descriptor: Int32) { close(descriptor) }
