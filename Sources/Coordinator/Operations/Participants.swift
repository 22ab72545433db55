import GridWire
import Synchronization

/// Those who share their state by `SyncAgentState`: what one reports, the others hear.
final class Participants: Sendable {
    private struct State {
        var next: UInt64 = 1
        var outboxes: [UInt64: Outbox<Noizylab_Grid_AgentStateUpdate>] = [:]
    }

    private let state = Mutex(State())

    func join() -> (number: UInt64, outbox: Outbox<Noizylab_Grid_AgentStateUpdate>) {
        // One that does not read is cut off when it is a thousand updates behind.
        let outbox = Outbox<Noizylab_Grid_AgentStateUpdate>(capacity: 1_000)
        return state.withLock { state in
            defer { state.next += 1 }
            state.outboxes[state.next] = outbox
            return (state.next, outbox)
        }
    }

    func leave(_ number: UInt64) {
        let outbox = state.withLock { $0.outboxes.removeValue(forKey: number) }
        outbox?.finish()
    }

    func relay(_ update: Noizylab_Grid_AgentStateUpdate, from number: UInt64) {
        let others = state.withLock { $0.outboxes.filter { $0.key != number }.map(\.value) }
        for other in others { other.push(update) }
    }

    func finish() {
        let all = state.withLock { Array($0.outboxes.values) }
        for outbox in all { outbox.finish() }
    }
}
