package import GridLogic
import GridModel
package import GridWire

extension Noizylab_Grid_NodeInfo {
    package init(_ view: NodeView) {
        self.init(view.node)
        state = view.node.isExternal ? "external" : view.liveness.rawValue
        if let sample = view.sample { self.sample = Noizylab_Grid_NodeSample(sample) }
        silentMs = view.silentMilliseconds ?? -1
        skewUs = view.skewMicroseconds
        running = UInt32(clamping: view.runningAttempts)
        reserved = Noizylab_Grid_ResourceRequest(view.reserved)
        capacity = Noizylab_Grid_ResourceRequest(view.capacity)
        trouble = view.trouble
        isSlow = view.isSlow
        answerMs = view.answerMilliseconds
        quarantineMs = view.quarantineMilliseconds ?? 0
        barredTypes = view.barredTypes
        drainMs = view.drainMilliseconds ?? 0
        isAvoided = view.isAvoided
        roads = view.roads.map { Noizylab_Grid_NodeRoad($0) }
        if let assessment = view.risk {
            riskLevel = assessment.level.rawValue
            risk = assessment.risk
            riskEvidence = assessment.evidence.map(Noizylab_Grid_RiskEvidence.init)
        }
    }
}

extension Noizylab_Grid_RiskEvidence {
    fileprivate init(_ evidence: RiskEvidence) {
        self.init()
        metric = evidence.metric.text
        risk = evidence.risk
        sinceUs = evidence.since.microseconds
        detail = evidence.detail
    }
}
