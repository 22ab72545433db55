import GridLogic
import GridModel
import Synchronization

/// One submission whose caller waits: for the acceptance, or for the result.
///
/// A caller that goes away stops waiting; the task goes on.
final class OneSubmission: SubmissionSink {
    enum End: Sendable {
        case accepted(GridTask, isNew: Bool)
        case settled(GridTask, HopTimes)
        case refused(Refusal)
        case callerLeft
    }

    private struct State {
        var end: End?
        var waiter: CheckedContinuation<End, Never>?
    }

    private let wantsResult: Bool
    private let onSettled: (@Sendable (GridTask) -> Void)?
    private let state = Mutex(State())

    /// - Parameter onSettled: called on the loop's thread, also when nobody waits any more.
    init(wantsResult: Bool, onSettled: (@Sendable (GridTask) -> Void)? = nil) {
        self.wantsResult = wantsResult
        self.onSettled = onSettled
    }

    func deliver(_ news: [SubmissionNews]) {
        for item in news {
            switch item {
            case .accepted(_, let task, let isNew): if !wantsResult { end(.accepted(task, isNew: isNew)) }
            case .settled(_, let task, let hops):
                onSettled?(task)
                end(.settled(task, hops))
            case .refused(_, let refusal), .abandoned(_, let refusal): end(.refused(refusal))
            }
        }
    }

    private func end(_ end: End) {
        let waiter = state.withLock { state -> CheckedContinuation<End, Never>? in
            guard state.end == nil else { return nil }
            state.end = end
            return state.waiter.take()
        }
        waiter?.resume(returning: end)
    }

    func wait() async -> End {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let end = state.withLock { state in
                    if state.end == nil { state.waiter = continuation }
                    return state.end
                }
                if let end { continuation.resume(returning: end) }
            }
        } onCancel: {
            leave()
        }
    }

    /// The caller went away.
    func leave() { end(.callerLeft) }
}
