import Synchronization

/// One reader waiting for more than `offset`. Woken once, by whichever comes first: more, the end, or cancellation.
final class OutputWaiter: Sendable {
    let offset: Int64
    private let phase = Mutex(Phase.new)

    private enum Phase {
        case new
        case waiting(CheckedContinuation<Void, Never>)
        case woken
    }

    init(offset: Int64) { self.offset = offset }

    func wake() {
        let sleeper = phase.withLock { phase -> CheckedContinuation<Void, Never>? in
            defer { phase = .woken }
            if case .waiting(let continuation) = phase { return continuation }
            return nil
        }
        sleeper?.resume()
    }

    /// Returns once woken; at once when that was before. Cancellation wakes it.
    func sleep() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isWoken = phase.withLock { phase in
                    if case .woken = phase { return true }
                    phase = .waiting(continuation)
                    return false
                }
                if isWoken { continuation.resume() }
            }
        } onCancel: {
            wake()
        }
    }
}
