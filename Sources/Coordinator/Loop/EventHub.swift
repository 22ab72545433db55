import GridModel
import Synchronization

/// Those who follow the grid's events live. The loop publishes after each commit; a reader too slow for its buffer is
/// cut off and goes on from the log.
final class EventHub: Sendable {
    private struct State {
        var readers: [UInt64: Outbox<GridEvent>] = [:]
        var next: UInt64 = 1
    }

    private let state = Mutex(State())

    func publish(_ events: [GridEvent]) {
        let readers = state.withLock { Array($0.readers.values) }
        for reader in readers { reader.push(contentsOf: events) }
    }

    func withReader<Value>(
        capacity: Int, _ body: (Outbox<GridEvent>) async throws -> Value
    ) async rethrows -> Value {
        let outbox = Outbox<GridEvent>(capacity: capacity)
        let number = state.withLock { state in
            defer { state.next += 1 }
            state.readers[state.next] = outbox
            return state.next
        }
        defer { state.withLock { _ = $0.readers.removeValue(forKey: number) } }
        return try await body(outbox)
    }

    /// Ends every live reader's stream: the coordinator stops.
    func finish() {
        let readers = state.withLock { Array($0.readers.values) }
        for reader in readers { reader.finish() }
    }
}
