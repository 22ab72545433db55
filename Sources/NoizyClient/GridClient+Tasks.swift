import GridWire
import SwiftProtobuf

/// Tasks, one at a time.
extension GridClient {
    /// Returns when the task is kept durably. Without a key a submission is never repeated by itself.
    public func submit(_ request: TaskRequest) async throws -> TaskStatus {
        let response = try await submitted(
            .with {
                $0.spec = request.message
                $0.key = request.key
            })
        return TaskStatus(response.task)
    }

    /// `task`: an id, a unique prefix of one, or a key.
    public func task(_ task: String) async throws -> TaskStatus {
        TaskStatus(try await taskInfo(task))
    }

    /// Newest first, at most 1,000; the next page with `before` the oldest of this one.
    public func tasks(
        in states: Set<TaskStatus.State> = [], node: String? = nil, before: String? = nil, limit: Int = 100
    ) async throws -> [TaskStatus] {
        let request = Noizylab_Grid_ListTasksRequest.with {
            $0.states = states.map(\.rawValue).sorted()
            $0.node = node ?? ""
            $0.before = before ?? ""
            $0.limit = UInt32(clamping: limit)
        }
        return try await taskInfos(request).tasks.map(TaskStatus.init)
    }

    public func cancel(_ task: String) async throws -> TaskStatus {
        TaskStatus(try await cancelled(task))
    }

    /// A new task that asks for the same as one that has ended.
    public func retry(_ task: String) async throws -> TaskStatus {
        TaskStatus(try await retried(task))
    }

    /// What a task does, from its beginning to its end, over any restart of the coordinator.
    public func watch(_ task: String) -> GridSequence<TaskUpdate> {
        GridSequence(follower) { give in
            try await self.follow(task) { update in
                for piece in TaskUpdate.all(in: update) { try await give(piece) }
            }
        }
    }
}

extension TaskUpdate {
    static func all(in update: Noizylab_Grid_WatchUpdate) -> [TaskUpdate] {
        switch update.update {
        case .task(let info): [.status(TaskStatus(info))]
        case .progress(let progress): [.progress(percent: progress.percent, stage: progress.stage)]
        case .output(let output):
            output.chunks.map { chunk in
                chunk.stream == 2
                    ? .stderr([UInt8](chunk.data), omitted: chunk.omittedBefore)
                    : .stdout([UInt8](chunk.data), omitted: chunk.omittedBefore)
            }
        case nil: []
        }
    }
}
