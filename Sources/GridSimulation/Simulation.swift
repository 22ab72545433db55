import GridLogic
import GridModel

/// Runs simulated grids and, when one breaks a rule, finds a short way to break it again.
package enum Simulation {
    /// One run. With `isShrinking`, a failing scenario is made as small as can be found in some hundred more runs.
    package static func run(_ options: SimulationOptions, isShrinking: Bool = true) -> SimulationReport {
        let scenario = Scenario.draw(options)
        let grid = SimulatedGrid(options, scenario)
        let figures = grid.run()
        var report = SimulationReport(
            seed: options.seed, nodes: options.nodes, tasks: options.tasks, faults: options.faults, figures: figures,
            violation: grid.checker.violation)
        guard let violation = report.violation, isShrinking else { return report }
        var shrinker = Shrinker(options: options, rule: violation.rule)
        let shortest = options.isSmall ? shrinker.shrink(scenario) : scenario
        let replay = SimulatedGrid(options, shortest, isRecording: true)
        _ = replay.run()
        report.violation = replay.checker.violation ?? violation
        report.scenario = shortest.actions.map(\.description)
        report.history = Array(replay.history.suffix(400))
        return report
    }
}

/// Leaves out as much of a failing scenario as it can while the same rule is broken: halves, quarters, and so on down to
/// single actions, then nodes.
struct Shrinker {
    let options: SimulationOptions
    let rule: String
    private var runsLeft = 600

    init(options: SimulationOptions, rule: String) {
        self.options = options
        self.rule = rule
    }

    mutating func shrink(_ scenario: Scenario) -> Scenario {
        var shortest = scenario
        var size = max(1, shortest.actions.count / 2)
        while runsLeft > 0 {
            var isShorter = false
            var start = 0
            while start < shortest.actions.count, runsLeft > 0 {
                var candidate = shortest
                candidate.actions.removeSubrange(start..<min(start + size, candidate.actions.count))
                if fails(candidate) {
                    shortest = candidate
                    isShorter = true
                } else {
                    start += size
                }
            }
            if size > 1 { size /= 2 } else if !isShorter { break }
        }
        return withFewerNodes(shortest)
    }

    private mutating func withFewerNodes(_ scenario: Scenario) -> Scenario {
        var shortest = scenario
        while shortest.inventories.count > 1, runsLeft > 0 {
            var candidate = shortest
            candidate.inventories.removeLast()
            let count = candidate.inventories.count
            candidate.actions.removeAll { $0.kind.highestNode >= count }
            guard fails(candidate) else { break }
            shortest = candidate
        }
        return shortest
    }

    private mutating func fails(_ scenario: Scenario) -> Bool {
        runsLeft -= 1
        let grid = SimulatedGrid(options, scenario)
        _ = grid.run()
        return grid.checker.violation?.rule == rule
    }
}

extension Scenario.Kind {
    /// The highest index of a node it is about; -1 when it is about none.
    var highestNode: Int {
        switch self {
        case .crashAgent(let node, _), .freezeAgent(let node, _), .breakLink(let node, _),
            .setSchedulability(let node, _), .removeNode(let node), .changeInventory(let node, _),
            .loseMessages(let node, _, _), .flap(let node, _, _), .sleepAgent(let node, _), .lie(let node, _),
            .spoil(let node, _), .drain(let node, _), .release(let node):
            node
        case .silence(let nodes, _): nodes.max() ?? -1
        case .submit, .cancel, .crashCoordinator, .freezeCoordinator, .slowDisk, .stepWallClock, .sleepCoordinator,
            .stallEars:
            -1
        }
    }
}
