import Synchronization

/// Hands elements from one task to another, one at a time: the giver waits until the taker wants more, so that nothing
/// piles up between them.
///
/// States of the middle: empty → holding (an element, with its giver waiting) → empty …; either side may wait; then
/// finished, which is final.
package final class Handoff<Element: Sendable>: Sendable {
    private struct State {
        var held: Element?
        var giver: CheckedContinuation<Bool, Never>?
        var taker: CheckedContinuation<Void, Never>?
        var isFinished = false
        var failure: (any Error)?
    }

    private let state = Mutex(State())

    package init() {}

    /// False when the taker has gone.
    package func give(_ element: Element) async -> Bool {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let (taker, isFinished) = state.withLock { state -> (CheckedContinuation<Void, Never>?, Bool) in
                    guard !state.isFinished else { return (nil, true) }
                    precondition(state.held == nil && state.giver == nil, "a handoff has one giver")
                    state.held = element
                    state.giver = continuation
                    defer { state.taker = nil }
                    return (state.taker, false)
                }
                if isFinished { continuation.resume(returning: false) }
                taker?.resume()
            }
        } onCancel: {
            finish()
        }
    }

    /// Nil at the end; an element that is held is still given.
    package func take() async throws -> Element? {
        while true {
            let (element, giver, isFinished, failure) = state.withLock { state in
                defer {
                    state.held = nil
                    state.giver = nil
                }
                return (state.held, state.giver, state.isFinished, state.failure)
            }
            giver?.resume(returning: true)
            if let element { return element }
            if let failure { throw failure }
            if isFinished { return nil }
            await waitForElement()
            if Task.isCancelled {
                finish()
                throw CancellationError()
            }
        }
    }

    /// By either side. The giver that waits hears that it was in vain; the taker gets what is held, then the end.
    package func finish(_ failure: (any Error)? = nil) {
        let (giver, taker) = state.withLock { state in
            defer {
                state.giver = nil
                state.taker = nil
            }
            if !state.isFinished { state.failure = failure }
            state.isFinished = true
            return (state.giver, state.taker)
        }
        giver?.resume(returning: false)
        taker?.resume()
    }

    private func waitForElement() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isReady = state.withLock { state in
                    if state.held != nil || state.isFinished { return true }
                    precondition(state.taker == nil, "a handoff has one taker")
                    state.taker = continuation
                    return false
                }
                if isReady { continuation.resume() }
            }
        } onCancel: {
            finish()
        }
    }
}
