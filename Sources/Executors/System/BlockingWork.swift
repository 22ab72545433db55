import Synchronization

/// Runs calls that block (name look-up, removing a tree) on threads of their own, at most `limit` at a time, so that
/// no loop and no cooperative thread waits for them. Threads end when there is nothing left to do.
package final class BlockingWork: Sendable {
    private struct State {
        var waiting: [@Sendable () -> Void] = []
        var threads = 0
    }

    private let name: String
    private let limit: Int
    private let state = Mutex(State())

    package init(_ name: String, limit: Int) {
        self.name = name
        self.limit = limit
    }

    package func run(_ work: @escaping @Sendable () -> Void) {
        let startsThread = state.withLock { state in
            state.waiting.append(work)
            guard state.threads < limit else { return false }
            state.threads += 1
            return true
        }
        if startsThread { SystemThread.start(name) { self.drain() }.detach() }
    }

    /// The same, awaited: to its end, whatever is cancelled.
    package func value<Value: Sendable>(_ work: @escaping @Sendable () -> Value) async -> Value {
        await withCheckedContinuation { continuation in run { continuation.resume(returning: work()) } }
    }

    private func drain() {
        while let work = next() { work() }
    }

    private func next() -> (@Sendable () -> Void)? {
        state.withLock { state in
            if state.waiting.isEmpty {
                state.threads -= 1
                return nil
            }
            return state.waiting.removeFirst()
        }
    }
}
