import GridModel
import Synchronization

/// The newest of the ephemeral tasks that were submitted one by one and have ended, so that who submitted one can still
/// ask what came of it. They are nowhere else: the machine forgets them and the store never knew them.
final class EndedTasks: Sendable {
    private static let limit = 256

    private struct State {
        var tasks: [TaskID: GridTask] = [:]
        /// A ring, once it is full.
        var order: [TaskID] = []
        var oldest = 0
    }

    private let state = Mutex(State())

    func keep(_ task: GridTask) {
        state.withLock { state in
            guard state.tasks.updateValue(task, forKey: task.id) == nil else { return }
            guard state.order.count == Self.limit else { return state.order.append(task.id) }
            state.tasks[state.order[state.oldest]] = nil
            state.order[state.oldest] = task.id
            state.oldest = (state.oldest + 1) % Self.limit
        }
    }

    func task(_ id: TaskID) -> GridTask? { state.withLock { $0.tasks[id] } }
}
