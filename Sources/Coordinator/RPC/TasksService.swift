import GRPCCore
import GridIdentity
import GridModel
import GridWire
import SwiftProtobuf

/// `noizylab.grid.Tasks`: tasks in full.
struct TasksService: Noizylab_Grid_Tasks.SimpleServiceProtocol {
    let operations: GridOperations

    func submit(request: Noizylab_Grid_SubmitRequest, context: ServerContext) async throws
        -> Noizylab_Grid_SubmitResponse
    {
        guard request.hasSpec else { throw OperationError.refused(.invalid("spec", "is missing")) }
        let spec: TaskSpec
        do { spec = try request.spec.model() } catch { throw OperationError(error) }
        let (task, isNew) = try await operations.submit(context.caller, spec, key: request.key)
        var response = Noizylab_Grid_SubmitResponse()
        response.task = Noizylab_Grid_TaskInfo(task)
        response.isNew = isNew
        return response
    }

    func runTasks(
        request: RPCAsyncSequence<Noizylab_Grid_RunTasksRequest, any Error>,
        response: RPCWriter<Noizylab_Grid_RunTasksResponse>, context: ServerContext
    ) async throws {
        try await RunTasksStream(operations: operations, call: context.call).run(request, response)
    }

    func watch(
        request: Noizylab_Grid_WatchRequest, response: RPCWriter<Noizylab_Grid_WatchUpdate>, context: ServerContext
    ) async throws {
        let from = WatchStart(
            epoch: request.epoch, offset: request.offset, wantsOutput: !request.statesOnly)
        try await context.whileCallerStays {
            try await operations.watch(context.caller, named: request.task, from: from) { item in
                try await response.write(Noizylab_Grid_WatchUpdate(item))
            }
        }
    }

    func get(request: Noizylab_Grid_GetTaskRequest, context: ServerContext) async throws -> Noizylab_Grid_TaskInfo {
        Noizylab_Grid_TaskInfo(try await operations.task(context.caller, named: request.task))
    }

    /// The servers register `encodedList` in its place.
    func list(request: Noizylab_Grid_ListTasksRequest, context: ServerContext) async throws
        -> Noizylab_Grid_ListTasksResponse
    {
        try Noizylab_Grid_ListTasksResponse(serializedBytes: await encodedList(request, context))
    }

    func encodedList(
        _ request: Noizylab_Grid_ListTasksRequest, _ context: ServerContext
    ) async throws -> [UInt8] {
        let query = try request.query()
        let page = try await operations.tasks(
            context.caller, states: query.states, node: query.node, before: query.before, limit: query.limit)
        return try await operations.long.run(for: context.caller.name) {
            var response = Noizylab_Grid_ListTasksResponse()
            response.tasks = page.tasks.map(Noizylab_Grid_TaskInfo.init)
            response.next = page.next?.description ?? ""
            return try response.serializedBytes()
        }
    }

    func cancel(request: Noizylab_Grid_CancelTaskRequest, context: ServerContext) async throws
        -> Noizylab_Grid_TaskInfo
    {
        context.call.note(subject: "task=\(request.task)")
        return Noizylab_Grid_TaskInfo(try await operations.cancel(context.caller, named: request.task))
    }

    func retry(request: Noizylab_Grid_RetryTaskRequest, context: ServerContext) async throws
        -> Noizylab_Grid_TaskInfo
    {
        context.call.note(subject: "task=\(request.task)")
        return Noizylab_Grid_TaskInfo(try await operations.retry(context.caller, named: request.task))
    }
}

extension Noizylab_Grid_ListTasksRequest {
    fileprivate struct Query {
        var states: Set<TaskState> = []
        var node: NodeName?
        var before: TaskID?
        var limit = 100
    }

    fileprivate func query() throws(OperationError) -> Query {
        var query = Query()
        var violations: [Refusal.Violation] = []
        for text in states {
            if let state = TaskState(rawValue: text) {
                query.states.insert(state)
            } else {
                let known = TaskState.allCases.map(\.rawValue).joined(separator: ", ")
                violations.append(.init(field: "states", description: "is not one of \(known)"))
            }
        }
        if !node.isEmpty {
            query.node = NodeName(node)
            if query.node == nil { violations.append(.init(field: "node", description: "is not a node name")) }
        }
        if !before.isEmpty {
            query.before = TaskID(before)
            if query.before == nil { violations.append(.init(field: "before", description: "is not a task id")) }
        }
        if limit > 1_000 { violations.append(.init(field: "limit", description: "must be at most 1000")) }
        if limit > 0 { query.limit = Int(limit) }
        if !violations.isEmpty { throw .refused(.invalid(violations)) }
        return query
    }
}

extension Noizylab_Grid_WatchUpdate {
    fileprivate init(_ item: WatchItem) {
        self.init()
        switch item {
        case .state(let task): self.task = Noizylab_Grid_TaskInfo(task)
        case .progress(let ref, let percent, let stage):
            progress.epoch = ref.epoch
            progress.percent = percent
            progress.stage = stage
        case .output(let ref, let pieces):
            output.epoch = ref.epoch
            output.chunks = pieces.map(Noizylab_Grid_OutputChunk.init)
        }
    }
}
