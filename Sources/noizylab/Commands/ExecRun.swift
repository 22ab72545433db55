import GridWire
import NoizyClient
import SwiftProtobuf
import UnixSignals

/// Runs one request on several nodes at the same time.
struct ExecRun {
    let grid: GridClient
    let request: TaskRequest
    let signer: WorkOptions.RequestSigner?
    let report: ExecReport

    /// A node that takes so long to begin is not reached.
    private static let queueTimeout: Duration = .seconds(15)

    /// In the order of the targets. Ctrl-C cancels what runs.
    func run(_ targets: [ExecTarget]) async throws -> [ExecResult] {
        let interrupts = Interrupts()
        let results = Shared<[ExecResult?]>(Array(repeating: nil, count: targets.count))
        let begun = Shared<[String]>([])
        let wasInterrupted = try await withThrowingTaskGroup(of: Bool.self) { group in
            defer { group.cancelAll() }
            group.addTask {
                try await withThrowingTaskGroup(of: Void.self) { inner in
                    for (index, target) in targets.enumerated() {
                        inner.addTask {
                            let result = try await one(target, begun)
                            results.withLock { $0[index] = result }
                            report.ended(result)
                        }
                    }
                    try await inner.waitForAll()
                }
                return false
            }
            group.addTask { await interrupts.wait() }
            return try await group.next() ?? false
        }
        if wasInterrupted {
            for id in begun.withLock({ $0 }) { _ = try? await grid.cancelled(id) }
            throw CommandFailure(.interrupted, "interrupted; what ran was cancelled")
        }
        return results.withLock { $0 }.compactMap { $0 }
    }

    private func one(_ target: ExecTarget, _ begun: Shared<[String]>) async throws -> ExecResult {
        if let obstacle = target.obstacle { return ExecResult(name: target.name, info: nil, obstacle: obstacle) }
        var request = request
        request.node = target.name
        request.onLost = .fail
        request.queueTimeout = Self.queueTimeout
        do {
            if let signer { request = try signer(request) }
            let (spec, key) = (request.message, request.key)
            let wanted = Noizylab_Grid_SubmitRequest.with {
                $0.spec = spec
                $0.key = key
            }
            let task = try await grid.submitted(wanted).task
            begun.withLock { $0.append(task.id) }
            let newest = Shared((info: task, output: CapturedOutput()))
            try await grid.follow(task.id) { update in
                switch update.update {
                case .task(let info): newest.withLock { $0.info = info }
                case .output(let output):
                    newest.withLock { $0.output.take(output) }
                    report.output(output, of: target.name)
                case .progress, nil: break
                }
            }
            let (info, output) = newest.withLock { $0 }
            return ExecResult(name: target.name, info: info, output: output)
        } catch let error as GridError where error.code == .notFound {
            return ExecResult(name: target.name, info: nil, obstacle: error.message)
        }
    }
}
