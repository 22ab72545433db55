import GridLogic
import GridModel

/// The rules about nodes of high risk: avoided or drained as the settings say, a third at most, and never the last.
extension InvariantChecker {
    /// What the checker keeps of a node's risk.
    struct NodeRiskModel {
        var isAvoided = false
        var isDrained = false
        var level = RiskLevel.normal
        /// Its owner said that all is well.
        var isExcused = false

        mutating func excuse() { isExcused = level == .high }
    }

    /// Those that may be given whatever fits: none of them is avoided.
    private var isAnotherOpen: Bool { nodes.values.contains { isOpen($0) && !$0.risk.isAvoided } }

    func isOpen(_ node: NodeModel) -> Bool {
        node.session != nil && node.liveness == .online && node.schedulability == .open && !node.healing.isQuarantined
    }

    mutating func observeRisk(_ fact: GridEvent.Fact) {
        switch fact {
        case .nodeRisk(let name, let level, let risk, let reason):
            if risk < 0 || risk > 1 || (level != .normal && reason.isEmpty) {
                fail("7 risk", "\(name) is \(level) with \(risk) for '\(reason)'")
            }
            figures.highRisks += level == .high ? 1 : 0
            atRisk = level == .high ? name : nil
            nodes[name]?.risk.level = level
            if level != .high { nodes[name]?.risk.isExcused = false }
        case .nodeAvoided(let name, let isAvoided, _):
            nodes[name]?.risk.isAvoided = isAvoided
            forgetKeptRoom(on: name)
            if atRisk == name { atRisk = nil }
            if isAvoided { checkAvoidance(name) }
        case .nodeSchedulabilityChanged(let name, let schedulability, by: "its risk"):
            if schedulability == .draining {
                if settings.risk != .drain || nodes[name]?.risk.isAvoided != true || !isAnotherOpen {
                    fail("7 risk", "\(name) is drained for its risk, with the rule \(settings.risk)")
                }
            }
            nodes[name]?.schedulability = schedulability
            forgetKeptRoom(on: name)
            nodes[name]?.risk.isDrained = schedulability == .draining
            nodes[name]?.healing.drainBy = nil
        default: break
        }
    }

    private mutating func checkAvoidance(_ name: NodeName) {
        figures.avoided += 1
        if nodes[name]?.risk.isExcused == true || nodes[name]?.risk.level != .high {
            fail("7 risk", "\(name) is avoided, and nothing speaks against it")
        }
        if settings.risk == .tell { fail("7 risk", "\(name) is avoided, and was only to be told") }
        let avoided = nodes.values.count(where: \.risk.isAvoided)
        if avoided > avoidanceLimit { fail("7 risk", "\(avoided) of \(nodes.count) nodes are avoided") }
    }

    private var avoidanceLimit: Int { max(1, nodes.count / 3) }

    /// After an input: one of high risk is avoided when that is the rule and there are not too many.
    mutating func checkAtRisk() {
        guard let name = atRisk else { return }
        atRisk = nil
        guard settings.risk != .tell, nodes[name]?.risk.isExcused == false else { return }
        let avoided = nodes.values.count(where: \.risk.isAvoided)
        if avoided < avoidanceLimit { fail("7 risk", "the risk of \(name) is high and it is not avoided") }
    }

    /// Nothing is placed on an avoided node while another is open, unless the task asks for it alone.
    mutating func checkAvoided(_ node: NodeName, _ spec: TaskSpec, _ name: String) {
        if isShunned(node), spec.node == nil { fail("7 placement", "\(name) is on \(node), which is avoided") }
    }

    func isShunned(_ name: NodeName) -> Bool { nodes[name]?.risk.isAvoided == true && isAnotherOpen }

    /// At rest: what is drained for its risk is not all there is.
    mutating func checkOneOpen() {
        guard !nodes.values.contains(where: isOpen) else { return }
        for (name, node) in nodes where node.risk.isAvoided && node.risk.isDrained && node.schedulability == .draining {
            if node.session != nil, node.liveness == .online, !node.healing.isQuarantined {
                fail("7 risk", "\(name) is drained for its risk and no other node is open")
            }
        }
    }
}
