import Foundation
import Logging
import ServiceLifecycle

/// Runs the processes of a home's plan: starts them, adopts those that a killed supervisor left, starts again what
/// ended, and ends all of them when it is asked to end. Holds `run/supervisor.lock` while it lives.
struct Supervisor: Service {
    let home: HomeFolder
    let plan: GridPlan
    let environment: [String: String]
    let logger: Logger
    /// Ends when all parts have ended on request.
    var onStopped: @Sendable () -> Void = {}

    private static let lookMilliseconds: Int64 = 100

    func run() async throws {
        guard let lock = try FileLock(home.lock(.supervisor)) else {
            throw CommandFailure(.failure, "a supervisor runs in \(home.path) already", try: "noizylab status")
        }
        var own = ProcessRecord.ofThisProcess()
        var machines = plan.parts.map(PartMachine.init)
        logger.notice("Supervising", metadata: ["parts": "\(plan.parts.map(\.description).joined(separator: ","))"])
        while !Task.isShuttingDownGracefully && !Task.isCancelled {
            for index in machines.indices { look(after: &machines[index]) }
            let now = Self.monotonicMilliseconds()
            let reports = machines.map { $0.report(at: now) }
            if own.parts != reports {
                own.parts = reports
                write(own)
            }
            try? await cancelWhenGracefulShutdown {
                try await Task.sleep(for: .milliseconds(Self.lookMilliseconds))
            }
        }
        logger.notice("Stopping")
        await PartStop(home: home, logger: logger).run(
            machines.compactMap { machine in
                machine.record.map { (machine.part, $0) }
            })
        logger.notice("Stopped")
        onStopped()
        _ = consume lock
    }

    /// A disk that is full must not end whoever could still mend something.
    private func write(_ record: ProcessRecord) {
        do {
            try JSONFile.write(record, to: home.record(.supervisor))
        } catch {
            logger.error("The supervisor's record cannot be written", metadata: ["error": "\(error)"])
        }
    }

    private func look(after machine: inout PartMachine) {
        let now = Self.monotonicMilliseconds()
        switch machine.state {
        case .running(let record, _, let isChild):
            let end = isChild ? PartProcess.reap(record.pid) : record.isAlive ? nil : "gone"
            guard let end else { return }
            machine.ended(end, at: now)
            logger.warning("A process ended", metadata: ["part": "\(machine.part)", "how": "\(end)"])
        case .waiting: break
        }
        guard machine.due(at: now) == .start else { return }
        if let living = ProcessRecord.living(machine.part, in: home) {
            machine.started(living, isChild: false, at: now)
            logger.notice("A process was adopted", metadata: ["part": "\(machine.part)", "pid": "\(living.pid)"])
            return
        }
        do {
            let started = try PartProcess.start(machine.part, home: home, environment: environment)
            machine.started(started, isChild: true, at: now)
            logger.notice("A process was started", metadata: ["part": "\(machine.part)", "pid": "\(started.pid)"])
        } catch {
            machine.failedToStart("\(error)", at: now)
            logger.error("A process cannot be started", metadata: ["part": "\(machine.part)", "error": "\(error)"])
        }
    }

    static func monotonicMilliseconds() -> Int64 {
        let parts = (ContinuousClock.now - epoch).components
        return parts.seconds * 1_000 + parts.attoseconds / 1_000_000_000_000_000
    }

    private static let epoch = ContinuousClock.now
}
