package import GridModel

/// Everything a node can run: picks the executor that a payload needs.
package struct NodeExecutor: NodeRunner {
    private let processes: ProcessExecutor
    private let network: NetworkExecutor

    package init(settings: ExecutorSettings) {
        processes = ProcessExecutor(settings: settings)
        network = NetworkExecutor(processes: processes, node: settings.node)
    }

    package func start(
        _ attempt: AttemptStart, window: Int, events: @escaping @Sendable (AttemptEvent) -> Void
    ) -> any RunningAttempt {
        switch attempt.spec.payload {
        case .command: processes.start(attempt, window: window, events: events)
        case .echo: EchoExecutor().start(attempt, window: window, events: events)
        case .network: network.start(attempt, window: window, events: events)
        }
    }

    /// Calls back after a while, on a thread that must not be blocked.
    package func after(milliseconds: Int64, _ body: @escaping @Sendable () -> Void) {
        processes.after(milliseconds: milliseconds, body)
    }

    /// Ends the executor's threads. No attempt may be running.
    package func stop() { processes.stop() }
}
