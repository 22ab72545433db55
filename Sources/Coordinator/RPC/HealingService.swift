import GRPCCore
import GridModel
import GridWire

/// `noizylab.grid.Healing`: looking after nodes that fail.
struct HealingService: Noizylab_Grid_Healing.SimpleServiceProtocol {
    let operations: GridOperations

    func drainNode(request: Noizylab_Grid_DrainNodeRequest, context: ServerContext) async throws
        -> Noizylab_Grid_NodeInfo
    {
        context.call.note(subject: "node=\(request.node) draining")
        return Noizylab_Grid_NodeInfo(
            try await operations.drainNode(
                context.caller, node: request.node, deadlineMilliseconds: request.deadlineMs))
    }

    func releaseNode(request: Noizylab_Grid_ReleaseNodeRequest, context: ServerContext) async throws
        -> Noizylab_Grid_NodeInfo
    {
        context.call.note(subject: "node=\(request.node)")
        return Noizylab_Grid_NodeInfo(try await operations.releaseNode(context.caller, node: request.node))
    }
}
