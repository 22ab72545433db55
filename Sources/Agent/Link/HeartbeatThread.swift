import Executors
import GridModel
import Synchronization

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// Measures the machine at every beat, on a thread of its own that no work can stall. Beats whether or not there is a
/// connection; the newest sample waits for one.
final class HeartbeatThread: Sendable {
    private let interval: Atomic<Int64>
    private let isStopped = Atomic(false)
    private let folder: String

    init(settings: AgentSettings) {
        interval = Atomic(settings.heartbeatMilliseconds)
        folder = settings.folder
    }

    /// 0 changes nothing; bounded, so that a wrong number neither spins nor silences us.
    func setInterval(milliseconds: Int64) {
        guard milliseconds > 0 else { return }
        interval.store(min(max(milliseconds, 50), 10_000), ordering: .relaxed)
    }

    /// `onSleep` hears how long the machine slept, before the sample that follows.
    func start(
        _ onSample: @escaping @Sendable (NodeSample) -> Void, onSleep: @escaping @Sendable (Int64) -> Void
    ) {
        SystemThread.start("heartbeat") {
            SystemPriority.raise()
            var gauge = SleepGauge()
            var probe = SampleProbe(folder: self.folder)
            var next = SystemClock.monotonic()
            while !self.isStopped.load(ordering: .relaxed) {
                let slept = gauge.read()
                if slept > 0 { onSleep(slept) }
                onSample(probe.read())
                let interval = self.interval.load(ordering: .relaxed)
                let now = SystemClock.monotonic()
                // After a pause of the machine we go on from now, and do not catch up.
                next = max(next.advanced(byMilliseconds: interval), now)
                usleep(useconds_t(clamping: (next.nanoseconds - now.nanoseconds) / 1_000))
            }
        }
        .detach()
    }

    func stop() { isStopped.store(true, ordering: .relaxed) }
}
