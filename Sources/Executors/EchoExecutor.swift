package import GridModel

/// Gives the text back: no process, no thread, no wait.
package struct EchoExecutor: Executor {
    package init() {}

    package func start(
        _ attempt: AttemptStart, window: Int, events: @escaping @Sendable (AttemptEvent) -> Void
    ) -> any RunningAttempt {
        events(.started)
        if case .echo(let text) = attempt.spec.payload, !text.isEmpty { events(.output(.stdout, Array(text.utf8))) }
        return EndedAttempt.telling(AttemptOutcome(end: .succeeded, exitCode: 0), events)
    }
}

/// An attempt that was over before anyone could hold it.
package struct EndedAttempt: RunningAttempt {
    package init() {}

    /// Tells that it is over, and how.
    package static func telling(
        _ outcome: AttemptOutcome, _ events: @Sendable (AttemptEvent) -> Void
    ) -> EndedAttempt {
        events(.finished(outcome))
        return EndedAttempt()
    }

    package func cancel(graceMilliseconds: Int64) {}
    package func allowOutput(_ bytes: Int) {}
}
