import GridIdentity
import GridLogic
import GridModel
import GridWire

extension GridOperations {
    func decide(
        _ caller: Caller, _ request: Noizylab_Grid_AgentDecisionRequest
    ) async throws(OperationError) -> Noizylab_Grid_AgentDecisionResponse {
        try authorise(caller, .viewGrid)
        let begun = SystemClock.monotonic()
        if request.timeoutSeconds < 0 {
            throw .refused(.invalid("timeout_seconds", "must not be negative"))
        }
        let policy = DecisionPolicy(
            nodes: try await currentNodes(), context: request.context, available: request.availableNodes)
        var response = Noizylab_Grid_AgentDecisionResponse()
        response.requestID = request.requestID
        let decision: DecisionPolicy.Decision
        switch request.decisionType {
        case "route_task": decision = policy.route()
        case "allocate_resource": decision = policy.allocate()
        case "diagnose_issue": decision = try await diagnose(caller, request.context, policy)
        default:
            throw .refused(
                .invalid("decision_type", "must be one of route_task, allocate_resource, diagnose_issue"))
        }
        response.decision = decision.decision
        response.rationale = decision.rationale
        response.recommendedNodes = decision.nodes.map(\.text)
        response.confidence = decision.confidence
        let isDiagnosis = request.decisionType == "diagnose_issue"
        response.metadata = [
            "policy": isDiagnosis ? "failure-rules" : DecisionPolicy.name,
            "latency_us": "\((SystemClock.monotonic().nanoseconds - begun.nanoseconds) / 1_000)",
        ]
        return response
    }

    /// A `task` in the context brings what the grid itself knows of it; what the caller says goes before.
    private func diagnose(
        _ caller: Caller, _ context: [String: String], _ policy: DecisionPolicy
    ) async throws(OperationError) -> DecisionPolicy.Decision {
        var facts: [String: String] = [:]
        if let name = context["task"] ?? context["task_id"], !name.isEmpty, caller.may(.viewTasks) {
            let task = try await find(caller, name)
            let last = task.attempts.last
            if task.state.isTerminal, task.state != .failed { facts["state"] = task.state.rawValue }
            facts["exit_code"] = last?.outcome?.exitCode.map { "\($0)" }
            facts["signal"] = last?.outcome?.signal.map { "\($0)" }
            facts["error"] = task.reason
            facts["node"] = last?.node.text
            facts["stderr"] = try await String(output(of: task).stderrText.suffix(4_096))
        }
        facts.merge(context) { _, said in said }
        let diagnosis = IssueDiagnosis(context: facts)
        let elsewhere = policy.ranked().map(\.view.node.name).filter { $0.text != facts["node"] }
        return DecisionPolicy.Decision(
            decision: diagnosis.finding, rationale: diagnosis.advice, nodes: elsewhere,
            confidence: diagnosis.confidence)
    }
}
