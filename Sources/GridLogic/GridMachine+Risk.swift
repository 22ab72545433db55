import GridModel

/// How likely nodes are to fail, and what follows. Nothing of it is kept: after a start it is learnt anew.
extension GridMachine {
    // MARK: what is learnt

    /// A heartbeat came, and was handled otherwise.
    mutating func noteRisk(_ sample: NodeSample, of node: Int, into effects: inout [GridEffect]) {
        let moment = riskMoment
        let changed = watchRisk(of: node) { watch in
            watch.observe(sample, at: moment)
            return watch.assess(at: moment.monotonic)
        }
        guard let changed else { return }
        if changed {
            let assessment = risks[node]?.assessment
            emit(
                .nodeRisk(
                    nodes[node].node.name, assessment?.level ?? .normal, risk: assessment?.risk ?? 0,
                    reason: assessment?.evidence.first?.text ?? ""), into: &effects)
        }
        if risks[node]?.isGrave == true { avoid(node, into: &effects) } else { welcome(node, into: &effects) }
    }

    /// It came back after it was lost, or its connection broke.
    mutating func noteLoss(of node: Int) {
        let moment = riskMoment
        watchRisk(of: node) { $0.connectionLost(at: moment) }
    }

    mutating func noteConnection(of node: Int) { watchRisk(of: node) { $0.connected() } }

    /// What somebody or the loss of the node ended says nothing about what it does with tasks.
    mutating func noteRisk(of end: AttemptOutcome.End, on node: Int) {
        let moment = riskMoment
        switch end {
        case .succeeded: watchRisk(of: node) { $0.attemptEnded(isFailure: false, at: moment) }
        case .failed, .timedOut, .refused: watchRisk(of: node) { $0.attemptEnded(isFailure: true, at: moment) }
        case .cancelled, .lost: break
        }
    }

    private var riskMoment: Moment {
        Moment(monotonic: hearing.listening(at: now.monotonic), wall: now.wall)
    }

    @discardableResult
    private mutating func watchRisk<Answer>(of node: Int, _ change: (inout RiskWatch) -> Answer) -> Answer {
        while risks.count <= node { risks.append(nil) }
        if risks[node] == nil { risks[node] = RiskWatch(learnsUsual: node < settings.riskLearnedNodes) }
        return change(&risks[node]!)  // set in the line before
    }

    // MARK: what follows

    /// At most a third of the nodes, as with quarantines: what so many have in common is not theirs.
    private mutating func avoid(_ node: Int, into effects: inout [GridEffect]) {
        guard settings.risk != .tell else { return }
        let isKnown = avoidance.nodes.contains(node)
        guard isKnown || avoidance.nodes.count < max(1, nodeIndices.count / 3) else { return }
        if avoidance.insert(node) {
            emit(.nodeAvoided(nodes[node].node.name, true, reason: riskWords(of: node)), into: &effects)
        }
        guard settings.risk == .drain, nodes[node].node.schedulability == .open, avoidance.isAnotherOpen(in: fleet)
        else { return }
        nodes[node].node.isDrainedForRisk = true
        restrict(node, .draining, by: Self.riskAuthor, into: &effects)
    }

    /// Its risk is past, or does not matter.
    private mutating func welcome(_ node: Int, into effects: inout [GridEffect]) {
        let wasAvoided = avoidance.remove(node)
        if wasAvoided {
            let reason = risks[node]?.isExcused == true ? "its owner says that all is well" : "its risk is past"
            emit(.nodeAvoided(nodes[node].node.name, false, reason: reason), into: &effects)
        }
        let wasDrained = nodes[node].node.isDrainedForRisk
        if wasDrained { restrict(node, .open, by: Self.riskAuthor, into: &effects) }
        if wasAvoided || wasDrained { fill(node, into: &effects) }
    }

    /// Its owner says that all is well with it, whatever is measured; until the risk has been lower.
    mutating func excuseRisk(of node: Int, into effects: inout [GridEffect]) {
        watchRisk(of: node) { $0.excuse() }
        welcome(node, into: &effects)
    }

    mutating func forgetRisk(of node: Int) {
        if risks.indices.contains(node) { risks[node] = nil }
        _ = avoidance.remove(node)
    }

    /// After every input: never is the last open node closed for its risk.
    mutating func keepOneOpen(into effects: inout [GridEffect]) {
        guard !avoidance.nodes.isEmpty else { return }
        let avoided = avoidance.nodes.sorted()
        var hasReopened = false
        if fleet.openCount == 0 {
            for node in avoided where nodes[node].node.isDrainedForRisk && nodes[node].phase == .online {
                restrict(node, .open, by: Self.riskAuthor, into: &effects)
                hasReopened = true
            }
        }
        // Avoiding may have lapsed long before a drained node came back and was opened.
        guard avoidance.review(fleet) || hasReopened else { return }
        for node in avoided { fill(node, into: &effects) }
    }

    private static let riskAuthor = "its risk"

    // MARK: for people

    /// Nil before the first heartbeat.
    func assessment(of node: Int) -> RiskAssessment? {
        nodes[node].sample != nil && risks.indices.contains(node) ? risks[node]?.assessment : nil
    }

    /// `0.87, connection: lost 5 times lately`.
    func riskWords(of node: Int) -> String {
        guard let assessment = assessment(of: node) else { return "" }
        let reason = assessment.evidence.first.map { ", \($0.text)" } ?? ""
        return assessment.risk.rounded(toPlaces: 2) + reason
    }
}
