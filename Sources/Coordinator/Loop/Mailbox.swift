import Dispatch
import GridLogic
package import GridModel
import Synchronization

/// Where the grid's inputs wait for the one thread that takes them: many producers, one consumer, who takes everything
/// that is there at once.
///
/// Bounded by weight, so that a batch of a thousand counts as a thousand. A producer never blocks: it is told that the
/// mailbox is full and refuses its own caller, or waits in its own way. The bell is a semaphore, rung only when the
/// consumer sleeps, so a busy loop costs its producers no system call.
package final class Mailbox<Item: Sendable>: Sendable {
    package enum Push: Sendable, Hashable {
        case taken, full, closed
    }

    private struct State {
        var items: [Item] = []
        /// What callers bring, who take turns.
        var owned = FairQueue<String, Item>(quantum: 64)
        var weight = 0
        var isConsumerAsleep = false
        var isClosed = false
    }

    /// How much of what callers bring is in one batch, so that the next batch, with whoever came meanwhile, is not far.
    private let turn = 256
    private let capacity: Int
    private let state = Mutex(State())
    private let bell = DispatchSemaphore(value: 0)

    package init(capacity: Int) { self.capacity = capacity }

    /// `isUrgent` items are taken even when the mailbox is full: those without which it could never empty.
    /// An item with an owner takes its turn among those of other owners; the rest goes first.
    package func push(_ item: Item, weight: Int = 1, owner: String? = nil, isUrgent: Bool = false) -> Push {
        let (result, ring) = state.withLock { state -> (Push, Bool) in
            if state.isClosed { return (.closed, false) }
            if !isUrgent, state.weight > 0, state.weight + weight > capacity { return (.full, false) }
            if let owner {
                state.owned.push(item, weight: weight, owner: owner)
            } else {
                state.items.append(item)
            }
            state.weight += weight
            defer { state.isConsumerAsleep = false }
            return (.taken, state.isConsumerAsleep)
        }
        if ring { bell.signal() }
        return result
    }

    /// Replaces `batch` by all that waits without an owner and a turn of the rest, sleeping until there is something or `deadline` passes. False once the
    /// mailbox is closed and empty.
    package func take(into batch: inout [Item], until deadline: MonotonicTime?) -> Bool {
        batch.removeAll(keepingCapacity: true)
        while true {
            let isClosed = state.withLock { state in
                swap(&state.items, &batch)
                state.owned.take(budget: turn, into: &batch)
                state.weight = state.owned.weight
                state.isConsumerAsleep = batch.isEmpty && !state.isClosed
                return state.isClosed
            }
            if !batch.isEmpty { return true }
            if isClosed { return false }
            guard let deadline else {
                bell.wait()
                continue
            }
            let left = min(deadline.nanoseconds - SystemClock.monotonic().nanoseconds, 3_600_000_000_000)
            let isRung = left > 0 && bell.wait(timeout: .now() + .nanoseconds(Int(left))) == .success
            if !isRung {
                // A producer may have seen the consumer asleep in this moment; its ring is then still to come.
                let mustConsume = state.withLock { state in
                    defer { state.isConsumerAsleep = false }
                    return !state.isConsumerAsleep
                }
                if mustConsume { bell.wait() }
                return true
            }
        }
    }

    /// Whether the consumer has dealt with everything and waits for more.
    package var isConsumerAsleep: Bool { state.withLock { $0.isConsumerAsleep && !$0.isClosed && $0.weight == 0 } }

    /// Nothing more is taken in; what waits can still be taken out.
    package func close() {
        let ring = state.withLock { state in
            state.isClosed = true
            defer { state.isConsumerAsleep = false }
            return state.isConsumerAsleep
        }
        if ring { bell.signal() }
    }
}
