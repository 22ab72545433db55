/// How a simulated run went; when it broke a rule, which, and the shortest history found that breaks it again.
package struct SimulationReport: Sendable {
    package struct Violation: Sendable, Hashable, CustomStringConvertible {
        /// Short and stable: what was broken.
        package var rule: String
        package var detail: String

        package var description: String { "\(rule): \(detail)" }
    }

    package struct Figures: Sendable {
        /// Inputs that the machine handled, each checked.
        package var steps = 0
        package var virtualMilliseconds: Int64 = 0
        package var submitted = 0
        package var settled: [String: Int] = [:]
        package var attempts = 0
        package var lateResults = 0
        package var coordinatorCrashes = 0
        package var agentCrashes = 0
        package var brokenLinks = 0
        package var nodesGivenUp = 0
        package var pauses = 0
        package var quarantines = 0
        package var circuitsOpened = 0
        package var lies = 0
        package var highRisks = 0
        package var avoided = 0
        package var preemptions = 0
        package var fullChecks = 0
        package var events: UInt64 = 0

        package init() {}
    }

    package var seed: UInt64
    package var nodes: Int
    package var tasks: Int
    package var faults: Double
    package var figures: Figures
    package var violation: Violation?
    /// What happened, line by line, in the shortest failing run; empty when nothing failed.
    package var history: [String] = []
    /// The steps of the scenario that were needed to fail.
    package var scenario: [String] = []

    package var isClean: Bool { violation == nil }
}

extension SimulationReport: CustomStringConvertible {
    package var description: String {
        var lines = [
            "seed \(seed), \(nodes) nodes, \(tasks) tasks, faults \(faults): "
                + (violation.map { "VIOLATION of \($0)" } ?? "clean")
        ]
        lines.append(
            "\(figures.steps) steps in \(figures.virtualMilliseconds) virtual ms; \(figures.submitted) submitted, "
                + "\(figures.attempts) attempts, settled "
                + figures.settled.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", "))
        lines.append(
            "crashes: coordinator \(figures.coordinatorCrashes), agents \(figures.agentCrashes); "
                + "links broken \(figures.brokenLinks), nodes given up \(figures.nodesGivenUp), "
                + "pauses \(figures.pauses), quarantines \(figures.quarantines), "
                + "circuits opened \(figures.circuitsOpened), lies \(figures.lies), "
                + "nodes of high risk \(figures.highRisks), avoided \(figures.avoided), "
                + "attempts ended for others \(figures.preemptions), "
                + "late results \(figures.lateResults), events \(figures.events)"
        )
        if violation != nil {
            lines.append("scenario (\(scenario.count) steps):")
            lines += scenario.map { "  \($0)" }
            lines.append("history:")
            lines += history.map { "  \($0)" }
            lines.append(
                "replay: noizylab simulate grid --seed \(seed) --nodes \(nodes) --tasks \(tasks) --faults \(faults)")
        }
        return lines.joined(separator: "\n")
    }
}
