import GridLogic
package import GridModel
import Synchronization

/// What one watcher hears of one task: its states in order, its progress, and that there may be more output.
///
/// The loop's thread and the output's bell put in; one reader takes. Bounded: a reader that is slow misses states in the
/// middle, never the newest, and never slows anyone.
package final class TaskFeed: Sendable {
    package enum News: Sendable {
        case state(GridTask)
        case progress(AttemptRef, percent: Double, stage: String)
        /// The task is unknown to the loop: finished long ago, or never there.
        case absent
        /// The coordinator stops; the task lives on.
        case stopping
    }

    private struct State {
        var news: [News] = []
        var isRung = false
        var waiter: CheckedContinuation<Void, Never>?
    }

    private static let capacity = 64
    private let state = Mutex(State())

    package init() {}

    func push(_ item: News) {
        wake { state in
            if state.news.count >= Self.capacity { state.news.remove(at: state.news.count / 2) }
            state.news.append(item)
        }
    }

    /// There may be more output.
    func ring() { wake { _ in } }

    private func wake(_ change: (inout State) -> Void) {
        let waiter = state.withLock { state in
            change(&state)
            state.isRung = true
            return state.waiter.take()
        }
        waiter?.resume()
    }

    /// All news, in order; may be none.
    func takeNow() -> [News] {
        state.withLock { state in
            state.isRung = false
            let news = state.news
            state.news.removeAll(keepingCapacity: true)
            return news
        }
    }

    /// Returns when there is news or a ring since the last `takeNow`, or on cancellation.
    func wait() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isReady = state.withLock { state in
                    if state.isRung || Task.isCancelled { return true }
                    state.waiter = continuation
                    return false
                }
                if isReady { continuation.resume() }
            }
        } onCancel: {
            ring()
        }
    }
}
