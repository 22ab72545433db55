import GridModel
package import GridTransport
import Synchronization

/// Whether the event loops that carry the links run: each stamps the time again and again, and a stamp that grew old
/// says since when nothing could be heard.
package final class EarGauge: Sendable {
    private let stamps: Mutex<[Int64]>
    private let loops: TransportLoops

    package init(loops: TransportLoops) {
        self.loops = loops
        stamps = Mutex([Int64](repeating: .max, count: loops.count))
    }

    /// Until it is cancelled.
    package func run() async {
        await withTaskGroup(of: Void.self) { group in
            for index in 0..<loops.count {
                group.addTask(executorPreference: loops.executor(index)) { [self] in
                    while !Task.isCancelled {
                        let now = SystemClock.monotonic().nanoseconds
                        stamps.withLock { $0[index] = now }
                        try? await Task.sleep(for: .milliseconds(Self.intervalMilliseconds))
                    }
                }
            }
        }
    }

    /// Since when some loop has stood still; nil when all run.
    func stalledSince(_ now: MonotonicTime) -> MonotonicTime? {
        let oldest = stamps.withLock { $0.min() ?? .max }
        guard oldest < now.nanoseconds - 3 * Self.intervalMilliseconds * 1_000_000 else { return nil }
        return MonotonicTime(nanoseconds: oldest)
    }

    private static let intervalMilliseconds: Int64 = 50
}
