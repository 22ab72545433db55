import Synchronization

/// What one writer is to send, collected until it can: any thread puts in, one task takes everything that is pending.
///
/// This is how batches form by themselves: while a write is under way the next ones gather. A full outbox is closed, for
/// a reader so slow must not hold the grid's memory.
package final class Outbox<Item: Sendable>: Sendable {
    private struct State {
        var items: [Item] = []
        var waiter: CheckedContinuation<Void, Never>?
        var isFinished = false
    }

    private static var patienceCount: Int { 64 }

    private let capacity: Int
    private let state = Mutex(State())

    package init(capacity: Int = .max) { self.capacity = capacity }

    /// False when it was not taken: the outbox is finished, or has just been because it was full.
    @discardableResult
    package func push(_ item: Item) -> Bool { push(contentsOf: CollectionOfOne(item)) }

    /// What is not urgent waits for something that is, or for `patienceCount` more of its kind.
    @discardableResult
    package func push(contentsOf items: some Collection<Item>, isUrgent: Bool = true) -> Bool {
        let (isTaken, waiter) = state.withLock { state -> (Bool, CheckedContinuation<Void, Never>?) in
            guard !state.isFinished else { return (false, nil) }
            let fits = state.items.count + items.count <= capacity
            if fits { state.items.append(contentsOf: items) } else { state.isFinished = true }
            if fits, !isUrgent, state.items.count < Self.patienceCount { return (true, nil) }
            return (fits, state.waiter.take())
        }
        waiter?.resume()
        return isTaken
    }

    /// What is pending is still handed out, then `take` gives nil.
    package func finish() {
        let waiter = state.withLock { state in
            state.isFinished = true
            return state.waiter.take()
        }
        waiter?.resume()
    }

    /// Everything pending, in order, as soon as there is anything; nil when finished and empty, or cancelled.
    package func take() async -> [Item]? {
        if let items = takeNow() { return items }
        return await withTaskCancellationHandler {
            while true {
                await withCheckedContinuation { continuation in
                    let isReady = state.withLock { state in
                        if !state.items.isEmpty || state.isFinished { return true }
                        precondition(state.waiter == nil, "an outbox has one reader")
                        state.waiter = continuation
                        return false
                    }
                    if isReady { continuation.resume() }
                }
                if let items = takeNow() { return items }
                if state.withLock({ $0.isFinished && $0.items.isEmpty }) { return nil }
            }
        } onCancel: {
            finish()
        }
    }

    package func takeNow() -> [Item]? {
        state.withLock { state in
            if state.items.isEmpty { return nil }
            var items: [Item] = []
            swap(&items, &state.items)
            return items
        }
    }
}
