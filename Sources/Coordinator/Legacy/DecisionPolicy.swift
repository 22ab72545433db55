package import GridLogic
package import GridModel

/// Answers `RequestAgentDecision` without a model: the same question about the same grid always gets the same answer.
///
/// `route_task` and `allocate_resource` recommend the eligible nodes, least loaded first. A node is eligible when it is
/// of the grid itself, online, open, named in `available_nodes` (when any are), and has room for what the context asks
/// (`cpu` in cores, `memory_bytes`, `gpus`). Confidence is 0 without an eligible node, 1 when there is no choice, and
/// else 0.5 plus half of the difference in load between the two best.
package struct DecisionPolicy: Sendable {
    static let name = "least-loaded"

    package struct Decision: Sendable {
        package var decision: String
        package var rationale: String
        package var nodes: [NodeName]
        package var confidence: Float
    }

    let nodes: [NodeView]
    let context: [String: String]
    let available: [String]

    package init(nodes: [NodeView], context: [String: String], available: [String]) {
        self.nodes = nodes
        self.context = context
        self.available = available
    }

    package func route() -> Decision { place(verb: "run it on") }

    package func allocate() -> Decision { place(verb: "allocate on") }

    /// Eligible nodes with their load, least loaded first; equals by name.
    func ranked() -> [(view: NodeView, load: Double)] {
        nodes.filter(isEligible).map { ($0, Self.load(of: $0)) }
            .sorted { ($0.1, $0.0.node.name) < ($1.1, $1.0.node.name) }
    }

    private func place(verb: String) -> Decision {
        let ranked = ranked()
        guard let best = ranked.first else {
            return Decision(
                decision: "none", rationale: "No node is eligible: " + obstacles(), nodes: [], confidence: 0)
        }
        let gap = ranked.count > 1 ? ranked[1].load - best.load : 1
        let confidence = ranked.count > 1 ? 0.5 + min(max(gap, 0), 1) / 2 : 1
        let percent = Int((best.load * 100).rounded())
        var rationale = "\(verb.prefix(1).uppercased())\(verb.dropFirst()) \(best.view.node.name): the least loaded "
        rationale += "(\(percent) %) of \(ranked.count) eligible node\(ranked.count == 1 ? "" : "s")"
        if ranked.count > 1 {
            rationale += "; next is \(ranked[1].view.node.name) (\(Int((ranked[1].load * 100).rounded())) %)"
        }
        return Decision(
            decision: best.view.node.name.text, rationale: rationale + ".", nodes: ranked.map(\.view.node.name),
            confidence: Float(confidence))
    }

    func isEligible(_ view: NodeView) -> Bool { obstacle(view) == nil }

    private func obstacle(_ view: NodeView) -> String? {
        if !available.isEmpty, !available.contains(view.node.name.text) { return "not among the available" }
        if view.node.isExternal { return "external" }
        if view.liveness != .online { return view.liveness.rawValue }
        if view.node.schedulability != .open { return view.node.schedulability.rawValue }
        let free = view.capacity.cpuMillis - view.reserved.cpuMillis
        if let cores = number("cpu"), Int64(cores * 1_000) > free { return "too few cores free" }
        if let bytes = number("memory_bytes"),
            Int64(bytes) > view.capacity.memoryBytes - view.reserved.memoryBytes
        {
            return "too little memory free"
        }
        if let gpus = number("gpus"), Int(gpus) > view.capacity.gpus - view.reserved.gpus { return "too few GPUs free" }
        return nil
    }

    private func obstacles() -> String {
        if nodes.isEmpty { return "the grid has no nodes." }
        return nodes.map { "\($0.node.name) is \(obstacle($0) ?? "eligible")" }.joined(separator: ", ") + "."
    }

    /// A number that could be counted with; anything else in the context is not a number to us.
    private func number(_ key: String) -> Double? {
        context[key].flatMap(Double.init).flatMap { (0...1e15).contains($0) ? $0 : nil }
    }

    /// 0 ... 1: the most used of reserved cores, reserved memory and measured processor time.
    static func load(of view: NodeView) -> Double {
        let cpu = share(view.reserved.cpuMillis, view.capacity.cpuMillis)
        let memory = share(view.reserved.memoryBytes, view.capacity.memoryBytes)
        return min(max(cpu, memory, (view.sample?.cpuPercent ?? 0) / 100), 1)
    }

    private static func share(_ part: Int64, _ whole: Int64) -> Double {
        whole > 0 ? Double(part) / Double(whole) : 0
    }
}
