import GRPCCore
import GridIdentity
import GridLogic
import GridModel
import GridWire

/// `noizylab.grid.Placement`: where tasks go and why.
struct PlacementService: Noizylab_Grid_Placement.SimpleServiceProtocol {
    let operations: GridOperations

    func why(request: Noizylab_Grid_WhyRequest, context: ServerContext) async throws -> Noizylab_Grid_PlacementReport {
        let answer = try await operations.why(context.caller, named: request.task)
        var message = answer.report.map(Noizylab_Grid_PlacementReport.init) ?? Noizylab_Grid_PlacementReport()
        message.task = Noizylab_Grid_TaskInfo(answer.task)
        if answer.report == nil {
            let reason = answer.task.reason.isEmpty ? "" : ": \(answer.task.reason)"
            message.summary = "it has ended, \(answer.task.state.rawValue)\(reason)"
            message.remedy =
                answer.task.state == .succeeded ? "" : "noizylab task logs \(answer.task.id)"
        }
        return message
    }

    func plan(request: Noizylab_Grid_PlanRequest, context: ServerContext) async throws
        -> Noizylab_Grid_PlacementReport
    {
        guard request.hasSpec else { throw OperationError.refused(.invalid("spec", "is missing")) }
        let spec: TaskSpec
        do { spec = try request.spec.model() } catch { throw OperationError(error) }
        return Noizylab_Grid_PlacementReport(try await operations.plan(context.caller, spec))
    }
}

extension Noizylab_Grid_PlacementReport {
    fileprivate init(_ report: PlacementReport) {
        self.init()
        policy = report.rule.rawValue
        nodes = report.verdicts.map { verdict in
            var message = Noizylab_Grid_NodeVerdict()
            message.node = verdict.node.text
            message.filter = verdict.obstacle?.filter.rawValue ?? ""
            message.reason = verdict.obstacle?.words ?? ""
            message.isLasting = verdict.obstacle?.isLasting ?? false
            message.place = UInt32(clamping: verdict.place)
            message.strandedGpus = verdict.stranded
            message.load = verdict.load
            message.roundTripUs = verdict.roundTripMicroseconds
            message.timesTried = UInt32(clamping: verdict.timesTried)
            return message
        }
        if let queue = report.queue {
            queueAhead = UInt64(queue.ahead)
            queueLength = UInt64(queue.waiting)
        }
        summary = report.summary
        remedy = report.remedy
    }
}
