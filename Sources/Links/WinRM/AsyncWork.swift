import Synchronization

/// Work that was asked for from outside any task, done in one task group as long as `run` runs.
final class AsyncWork: Sendable {
    private let jobs: AsyncStream<@Sendable () async -> Void>
    private let teller: AsyncStream<@Sendable () async -> Void>.Continuation

    init() { (jobs, teller) = AsyncStream.makeStream() }

    /// Never done when `run` has ended before.
    func start(_ job: @escaping @Sendable () async -> Void) { teller.yield(job) }

    /// Once; ends when it is cancelled and all that was begun has ended.
    func run() async {
        await withDiscardingTaskGroup { group in
            for await job in jobs { group.addTask(operation: job) }
            group.cancelAll()
        }
    }
}
