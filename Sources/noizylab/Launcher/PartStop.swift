import Foundation
import Logging

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// Ends processes of a home: the coordinator first, so that nothing is placed anew while the rest goes; then the agents,
/// which end what they run. TERM, a bounded wait, then KILL; only the very processes that were recorded.
struct PartStop: Sendable {
    let home: HomeFolder
    let logger: Logger?

    static let coordinatorPatience: Duration = .seconds(8)
    static let agentPatience: Duration = .seconds(6)

    func run(_ parts: [(GridPart, ProcessRecord)]) async {
        let coordinators = parts.filter { $0.0 == .coordinator }
        let others = parts.filter { $0.0 != .coordinator }
        await end(coordinators, within: Self.coordinatorPatience)
        await end(others, within: Self.agentPatience)
    }

    func end(_ parts: [(GridPart, ProcessRecord)], within patience: Duration) async {
        for (_, record) in parts { record.signal(SIGTERM) }
        // A process that was stopped (SIGSTOP) hears TERM only when it goes on.
        for (_, record) in parts { record.signal(SIGCONT) }
        if await gone(parts, within: patience) { return }
        for (part, record) in parts where record.isAlive {
            logger?.warning(
                "A process did not end and is killed", metadata: ["part": "\(part)", "pid": "\(record.pid)"])
            record.signal(SIGKILL)
        }
        _ = await gone(parts, within: .seconds(2))
    }

    private func gone(_ parts: [(GridPart, ProcessRecord)], within patience: Duration) async -> Bool {
        let deadline = ContinuousClock.now + patience
        while true {
            for (_, record) in parts { _ = PartProcess.reap(record.pid) }
            if parts.allSatisfy({ !$0.1.isAlive }) { return true }
            if ContinuousClock.now >= deadline { return false }
            // Also when the task is cancelled: an end has to be brought to its end.
            usleep(10_000)
        }
    }
}
