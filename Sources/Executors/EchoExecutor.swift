package import GridModel

/// Gives the text back: no process, no thread, no wait.
package struct EchoExecutor: Executor {
    package init() {}

    package func start(
        _ attempt: AttemptStart, window: Int, events: @escaping @Sendable (AttemptEvent) -> Void
    ) -> any RunningAttempt {
        events(.started)
        if case .echo(let text) = attempt.spec.payload, !text.isEmpty { events(.output(.stdout, Array(text.utf8))) }
        events(.finished(AttemptOutcome(end: .succeeded, exitCode: 0)))
        return EndedAttempt()
    }
}

/// An attempt that was over before anyone could hold it.
package struct EndedAttempt: RunningAttempt {
    package init() {}

    package func cancel(graceMilliseconds: Int64) {}
    package func allowOutput(_ bytes: Int) {}
}
