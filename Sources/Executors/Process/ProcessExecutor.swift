package import GridModel
import Synchronization

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// Runs programs, each in a session of its own, with no thread and no task per program: a loop starts them, reads
/// their outputs as far as they are wanted, times them out and reaps them.
package final class ProcessExecutor: Executor {
    private let loops: [ProcessLoop]
    private let next = Atomic<UInt64>(0)

    package init(settings: ExecutorSettings) {
        Self.allowManyFiles()
        Folders.make(settings.workFolder)
        Folders.make(settings.recordsFolder)
        loops = (0..<max(1, settings.loops)).map { ProcessLoop(settings: settings, number: $0) }
    }

    package func start(
        _ attempt: AttemptStart, window: Int, events: @escaping @Sendable (AttemptEvent) -> Void
    ) -> any RunningAttempt {
        guard case .command(let command) = attempt.spec.payload else {
            preconditionFailure("\(attempt.spec.payload.type) is no program")
        }
        let launch = ProcessLaunch(
            ref: attempt.ref, command: command, gpuIndices: attempt.gpuIndices,
            timeoutMilliseconds: attempt.spec.timeoutMilliseconds, window: window)
        return start(launch, events: events)
    }

    func start(_ launch: ProcessLaunch, events: @escaping @Sendable (AttemptEvent) -> Void) -> any RunningAttempt {
        let key = next.add(1, ordering: .relaxed).newValue
        let loop = loops[Int(key % UInt64(loops.count))]
        loop.send(.start(key, launch, events))
        return RunningProcess(key: key, loop: loop)
    }

    /// Calls back after a while, on a thread that must not be blocked.
    func after(milliseconds: Int64, _ body: @escaping @Sendable () -> Void) {
        loops[0].send(.timer(SystemClock.monotonic().advanced(byMilliseconds: milliseconds), body))
    }

    /// Ends the threads. No attempt may be running.
    package func stop() {
        for loop in loops { loop.stop() }
    }

    /// Each program takes three descriptors of ours, and the usual limit is 1,024.
    private static func allowManyFiles() {
        #if canImport(Darwin)
            let resource = RLIMIT_NOFILE
        #else
            let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        #endif
        var limit = rlimit()
        guard getrlimit(resource, &limit) == 0 else { return }
        let wanted = min(limit.rlim_max, 65_536)
        guard limit.rlim_cur < wanted else { return }
        limit.rlim_cur = wanted
        setrlimit(resource, &limit)
    }
}

/// What a loop needs to know to start a program.
struct ProcessLaunch: Sendable {
    var ref: AttemptRef
    var command: Command
    var gpuIndices: [Int] = []
    /// 0: none.
    var timeoutMilliseconds: Int64
    var window: Int
}

private struct RunningProcess: RunningAttempt {
    let key: UInt64
    let loop: ProcessLoop

    func cancel(graceMilliseconds: Int64) { loop.send(.cancel(key, graceMilliseconds: graceMilliseconds)) }
    func allowOutput(_ bytes: Int) { loop.send(.allow(key, bytes)) }
}
