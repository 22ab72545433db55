import GRPCCore
import GridIdentity
import GridModel
import GridWire
import SwiftProtobuf

/// `noizylab.grid.NoizyGridRPC`: the contract that existing clients speak. Each method is a few lines around the door.
struct NoizyGridService: Noizylab_Grid_NoizyGridRPC.SimpleServiceProtocol {
    let operations: GridOperations

    func executeTask(request: Noizylab_Grid_ExecuteTaskRequest, context: ServerContext) async throws
        -> Noizylab_Grid_ExecuteTaskResponse
    {
        let spec = try request.spec(defaultTimeoutMilliseconds: operations.settings.defaultTimeoutMilliseconds)
        let (task, hops) = try await operations.execute(
            context.caller, spec, key: request.taskID, wait: context.whileCallerStays(waitFor:))
        var response = Noizylab_Grid_ExecuteTaskResponse()
        response.taskID = request.taskID.isEmpty ? task.id.description : request.taskID
        response.gridTaskID = task.id.description
        response.success = task.state == .succeeded
        let output = try await operations.output(of: task)
        response.result = output.stdoutText
        if !response.success {
            response.result += output.stderrText
            response.errorMessage = task.failureSentence
        }
        response.executionTimeMs = task.runMilliseconds
        response.metrics = task.metrics(hops)
        if output.isTruncated { response.metrics["output_truncated"] = "true" }
        return response
    }

    func executeTaskStreaming(
        request: Noizylab_Grid_ExecuteTaskRequest, response: RPCWriter<Noizylab_Grid_TaskProgressUpdate>,
        context: ServerContext
    ) async throws {
        let spec = try request.spec(defaultTimeoutMilliseconds: operations.settings.defaultTimeoutMilliseconds)
        let feed = TaskFeed()
        let arrivedAt = SystemClock.monotonic()
        let (task, _) = try await operations.submit(context.caller, spec, key: request.taskID, feed: feed)
        defer { operations.leave(task.id, feed) }
        let narrator = ProgressNarrator(
            taskID: request.taskID.isEmpty ? task.id.description : request.taskID, arrivedAt: arrivedAt)
        _ = try await context.whileCallerStays {
            try await operations.follow(task.id, feed, from: WatchStart()) { item in
                let updates = narrator.updates(for: item)
                if !updates.isEmpty { try await response.write(contentsOf: updates) }
            }
        }
    }

    func executeRemoteCommand(request: Noizylab_Grid_RemoteCommandRequest, context: ServerContext) async throws
        -> Noizylab_Grid_RemoteCommandResponse
    {
        let spec = try request.spec(defaultTimeoutMilliseconds: operations.settings.defaultTimeoutMilliseconds)
        let (task, _) = try await operations.execute(
            context.caller, spec, key: request.commandID, wait: context.whileCallerStays(waitFor:))
        if task.state == .timedOut {
            throw OperationError.deadlineExceeded(
                "The command did not end within \(spec.timeoutMilliseconds / 1_000) s and was ended (task \(task.id)).")
        }
        let outcome = task.attempts.last?.outcome
        guard task.state == .succeeded || outcome?.exitCode != nil || outcome?.signal != nil else {
            throw OperationError.refused(.didNotRun(task))
        }
        let output = try await operations.output(of: task)
        var response = Noizylab_Grid_RemoteCommandResponse()
        response.commandID = request.commandID.isEmpty ? task.id.description : request.commandID
        // As a shell tells it: 128 and the signal's number.
        response.exitCode = outcome?.exitCode ?? (outcome?.signal).map { 128 + $0 } ?? 0
        response.stdout = output.stdoutText
        response.stderr = output.stderrText
        response.executionTimeMs = task.runMilliseconds
        response.nodeID = task.attempts.last?.node.text ?? ""
        return response
    }

    func healthCheck(request: Noizylab_Grid_HealthCheckRequest, context: ServerContext) async throws
        -> Noizylab_Grid_HealthCheckResponse
    {
        try await operations.legacyHealth(of: request.nodeID)
    }

    /// One response at once and every 500 ms, for whom the newest request asks, until the client closes its side.
    func healthCheckStreaming(
        request: RPCAsyncSequence<Noizylab_Grid_HealthCheckRequest, any Error>,
        response: RPCWriter<Noizylab_Grid_HealthCheckResponse>, context: ServerContext
    ) async throws {
        let requests = Outbox<Noizylab_Grid_HealthCheckRequest>(capacity: 1_000)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                defer { requests.finish() }
                for try await message in request { requests.push(message) }
            }
            group.addTask {
                guard var newest = await requests.take()?.last else { return }
                var next = ContinuousClock.now
                while true {
                    try await response.write(try await operations.legacyHealth(of: newest.nodeID))
                    next += .milliseconds(500)
                    try await Task.sleep(until: next)
                    if let newer = requests.takeNow()?.last { newest = newer }
                }
            }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    func requestAgentDecision(request: Noizylab_Grid_AgentDecisionRequest, context: ServerContext) async throws
        -> Noizylab_Grid_AgentDecisionResponse
    {
        try await operations.decide(context.caller, request)
    }

    func syncAgentState(
        request: RPCAsyncSequence<Noizylab_Grid_AgentStateUpdate, any Error>,
        response: RPCWriter<Noizylab_Grid_AgentStateUpdate>, context: ServerContext
    ) async throws {
        try operations.authorise(context.caller, .shareState)
        let (number, outbox) = operations.participants.join()
        defer { operations.participants.leave(number) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                defer { outbox.finish() }
                for try await update in request {
                    outbox.push(try await operations.ownState())
                    operations.participants.relay(update, from: number)
                }
            }
            group.addTask {
                while let updates = await outbox.take() { try await response.write(contentsOf: updates) }
            }
            try await group.waitForAll()
        }
    }

    func getNetworkInventory(request: Noizylab_Grid_NetworkInventoryRequest, context: ServerContext) async throws
        -> Noizylab_Grid_NetworkInventoryResponse
    {
        try await operations.inventory(context.caller, isDetailed: request.includeDetailedMetrics)
    }

    func registerNode(request: Noizylab_Grid_NodeIdentity, context: ServerContext) async throws
        -> Google_Protobuf_Empty
    {
        context.call.note(subject: "node=\(request.nodeID)")
        try await operations.registerExternal(context.caller, try request.externalNode())
        return Google_Protobuf_Empty()
    }

    func deregisterNode(request: Noizylab_Grid_NodeIdentity, context: ServerContext) async throws
        -> Google_Protobuf_Empty
    {
        guard let name = NodeName(request.nodeID) else {
            throw OperationError.refused(.invalid("node_id", "is not a node name"))
        }
        context.call.note(subject: "node=\(name)")
        try await operations.deregisterExternal(context.caller, name)
        return Google_Protobuf_Empty()
    }
}

extension Refusal {
    fileprivate static func didNotRun(_ task: GridTask) -> Refusal {
        Refusal(
            .unavailable, reason: "DID_NOT_RUN",
            message: "The command did not run to its end (task \(task.id)): \(task.failureSentence).")
    }
}
