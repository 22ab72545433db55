import NIOCore
package import NIOPosix

/// The event loops that carry connections, each of them also an executor for the tasks that serve those connections.
///
/// A message that is handled on its connection's own loop saves the two thread switches per hop that the cooperative
/// pool costs. The price: whatever runs on a loop stalls that loop's connections, so handlers do short work there and
/// leave long work to others. Made once by the composition root, and shut down last.
package final class TransportLoops: Sendable {
    package let group: MultiThreadedEventLoopGroup
    private let loops: [any EventLoop]
    private let executors: [LoopExecutor]

    package init(count: Int) {
        precondition(count > 0, "at least one event loop is needed, not \(count)")
        group = MultiThreadedEventLoopGroup(numberOfThreads: count)
        loops = Array(group.makeIterator())
        executors = loops.map(LoopExecutor.init)
    }

    package var count: Int { loops.count }

    /// For `withTaskExecutorPreference` around `serve()`, `runConnections()` and the work on calls.
    package func executor(_ index: Int) -> any TaskExecutor { executors[index % executors.count] }

    package func shutdown() async throws { try await group.shutdownGracefully() }

    func loop(_ index: Int) -> any EventLoop { loops[index % loops.count] }

    /// The executor of that loop; nil when it is not one of ours.
    func executor(of loop: any EventLoop) -> (any TaskExecutor)? {
        executors.first { $0.loop === loop }
    }
}

/// Runs jobs on one event loop.
private final class LoopExecutor: TaskExecutor {
    let loop: any EventLoop

    init(loop: any EventLoop) { self.loop = loop }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        loop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
