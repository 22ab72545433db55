package import GridModel

/// Runs attempts of one kind of task. Owned by the agent, which neither knows nor cares how the work is done.
///
/// `start` returns at once. The events of an attempt come in order, one at a time, on a thread of the executor's own;
/// the receiver must not block. `finished` is the last and always comes, whatever happens.
package protocol Executor: Sendable {
    /// - Parameter window: how many bytes of output may be delivered before `allowOutput` is called. When they are
    ///   used up the executor stops reading, and so the program stops writing.
    func start(
        _ attempt: AttemptStart, window: Int, events: @escaping @Sendable (AttemptEvent) -> Void
    ) -> any RunningAttempt
}

/// The hold on an attempt that an executor runs. Every call is allowed at any time, also after the end.
package protocol RunningAttempt: Sendable {
    /// Asks the whole process tree to end, and ends it after the grace.
    func cancel(graceMilliseconds: Int64)
    /// Lets this many more bytes of output be delivered.
    func allowOutput(_ bytes: Int)
}

/// What happens to an attempt, in order.
package enum AttemptEvent: Sendable, Hashable {
    case started
    case output(OutputStream, [UInt8])
    case progress(percent: Double, stage: String)
    case finished(AttemptOutcome)
}
