package import GridWire
import SwiftProtobuf
import Synchronization

/// What one `run(many:)` has under way: which requests wait to be sent, which for their answer.
///
/// A request is pending, then sent, then settled; a lost connection makes the sent ones pending again, or settles them
/// as unknown when they must not be repeated. The window bounds what is unsettled.
package final class TaskBook: Sendable {
    fileprivate struct State {
        var nextRef: UInt64 = 0
        var pending: [UInt64] = []
        /// By number, as they were or will be sent.
        var unsettled: [UInt64: Noizylab_Grid_TaskSubmission] = [:]
        var isInputEnded = false
        var isAbandoned = false
        var hasMoved = false
        var sender: CheckedContinuation<Void, Never>?
        var source: CheckedContinuation<Void, Never>?

        var isDone: Bool { isInputEnded && unsettled.isEmpty }
        var wantsSender: Bool { !pending.isEmpty || isDone || isAbandoned }
    }

    private let window: Int
    private let state = Mutex(State())

    package init(window: Int) { self.window = max(1, window) }

    package var isDone: Bool { state.withLock { $0.isDone } }

    /// Waits for room in the window. False when there is no use in giving more.
    package func add(_ request: TaskRequest) async -> Bool {
        await waitForRoom()
        let (isOpen, sender) = state.withLock { state in
            guard !state.isAbandoned else { return (false, state.takeSender()) }
            let ref = state.nextRef
            state.nextRef += 1
            state.unsettled[ref] = .with {
                $0.ref = ref
                $0.spec = request.message
                $0.key = request.key
                if request.key.isEmpty, !request.isEphemeral { $0.key = Self.freshKey() }
            }
            state.pending.append(ref)
            return (true, state.takeSender())
        }
        sender?.resume()
        return isOpen
    }

    package func endInput() {
        state.withLock { state in
            state.isInputEnded = true
            return state.wantsSender ? state.takeSender() : nil
        }?.resume()
    }

    package func abandon() {
        let (sender, source) = state.withLock { state in
            state.isAbandoned = true
            return (state.takeSender(), state.takeSource())
        }
        sender?.resume()
        source?.resume()
    }

    /// Everything pending, up to a message's worth; waits for something. Nil when the sending side is to be closed.
    package func takeBatch() async -> [Noizylab_Grid_TaskSubmission]? {
        while !Task.isCancelled {
            let batch: [Noizylab_Grid_TaskSubmission]? = state.withLock { state in
                if state.isAbandoned || state.isDone { return nil }
                let refs = state.pending.prefix(Self.batchLimit)
                state.pending.removeFirst(refs.count)
                return refs.compactMap { state.unsettled[$0] }
            }
            guard let batch else { return nil }
            if !batch.isEmpty { return batch }
            await waitForPending()
        }
        return nil
    }

    /// Results of requests that were not settled before.
    package func settle(_ results: [Noizylab_Grid_TaskResult]) -> [TaskResult] {
        let (settled, source, sender) = state.withLock { state in
            state.hasMoved = true
            let settled = results.compactMap { result in
                state.unsettled.removeValue(forKey: result.ref).map { _ in
                    TaskResult(index: Int(result.ref), result)
                }
            }
            return (
                settled, state.unsettled.count < window ? state.takeSource() : nil,
                state.isDone ? state.takeSender() : nil
            )
        }
        source?.resume()
        sender?.resume()
        return settled
    }

    /// The stream broke: what may be repeated is pending again; the rest is settled as unknown.
    package func reconnect(because why: String) -> [TaskResult] {
        let (unknown, source) = state.withLock { state in
            let waiting = Set(state.pending)
            let sent = state.unsettled.keys.filter { !waiting.contains($0) }.sorted()
            var unknown: [TaskResult] = []
            var again: [UInt64] = []
            for ref in sent {
                if state.unsettled[ref]?.key.isEmpty ?? true {
                    state.unsettled[ref] = nil
                    unknown.append(TaskResult(index: Int(ref), lost: why))
                } else {
                    again.append(ref)
                }
            }
            state.pending = again + state.pending
            return (unknown, state.unsettled.count < window ? state.takeSource() : nil)
        }
        source?.resume()
        return unknown
    }

    /// Whether anything was answered since the last time.
    package func takeMoved() -> Bool {
        state.withLock { state in
            defer { state.hasMoved = false }
            return state.hasMoved
        }
    }

    private func waitForRoom() async {
        await wait { state, continuation in
            if state.unsettled.count < self.window || state.isAbandoned { return false }
            state.source = continuation
            return true
        }
    }

    private func waitForPending() async {
        await wait { state, continuation in
            if state.wantsSender { return false }
            state.sender?.resume()
            state.sender = continuation
            return true
        }
    }

    /// Cancellation wakes whoever waits; the loops that called look at it.
    private func wait(
        _ keep: @Sendable (inout State, CheckedContinuation<Void, Never>) -> Bool
    ) async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isKept = state.withLock { state in !Task.isCancelled && keep(&state, continuation) }
                if !isKept { continuation.resume() }
            }
        } onCancel: {
            let (sender, source) = state.withLock { ($0.takeSender(), $0.takeSource()) }
            sender?.resume()
            source?.resume()
        }
    }

    private static let batchLimit = 1_000

    /// 128 random bits: no two programs ever choose the same.
    private static func freshKey() -> String {
        "auto-" + String(UInt64.random(in: 0 ... .max), radix: 36) + String(UInt64.random(in: 0 ... .max), radix: 36)
    }
}

extension TaskBook.State {
    fileprivate mutating func takeSender() -> CheckedContinuation<Void, Never>? {
        defer { sender = nil }
        return sender
    }

    fileprivate mutating func takeSource() -> CheckedContinuation<Void, Never>? {
        defer { source = nil }
        return source
    }
}
