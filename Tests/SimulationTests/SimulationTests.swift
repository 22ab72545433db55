import Foundation
import GridLogic
import GridSimulation
import Testing

@Suite struct SimulationTests {
    /// 2,048 seeds, or `NOIZYLAB_SEEDS`, in 32 parts, which run side by side.
    private static let seedsInPart =
        (ProcessInfo.processInfo.environment["NOIZYLAB_SEEDS"].flatMap { UInt64($0) } ?? 2_048) / 32

    @Test(arguments: 0..<32) func `small grids with faults keep every invariant`(part: UInt64) {
        for seed in part * Self.seedsInPart..<(part + 1) * Self.seedsInPart {
            let report = Simulation.run(.small(seed: seed))
            guard report.isClean else {
                Issue.record("\(report)")
                return
            }
        }
    }

    @Test(arguments: 0..<8) func `small grids without faults keep every invariant`(part: UInt64) {
        for seed in part * 8..<(part + 1) * 8 {
            let report = Simulation.run(.small(seed: seed, faults: 0))
            guard report.isClean else {
                Issue.record("\(report)")
                return
            }
        }
    }

    @Test(arguments: 0..<4) func `grids with many faults keep every invariant`(seed: UInt64) {
        let report = Simulation.run(SimulationOptions(seed: seed, nodes: 5, tasks: 100, faults: 4))
        #expect(report.isClean, "\(report)")
    }

    @Test func `a grid of fifty nodes settles twenty thousand tasks`() {
        let report = Simulation.run(SimulationOptions(seed: 7, nodes: 50, tasks: 20_000, faults: 0.2))

        #expect(report.isClean, "\(report)")
        #expect(report.figures.submitted > 15_000)
        #expect(report.figures.settled.values.reduce(0, +) > 15_000)
    }

    @Test func `a seed gives the same run twice`() {
        let first = Simulation.run(.small(seed: 11))
        let second = Simulation.run(.small(seed: 11))

        #expect(first.description == second.description)
    }

    @Test func `the runs meet what they are meant to meet`() {
        var crashes = 0, givenUp = 0, late = 0, pauses = 0, quarantines = 0, circuits = 0, lies = 0
        var risks = 0, avoided = 0, preemptions = 0
        for seed in 0..<100 as Range<UInt64> {
            let figures = Simulation.run(.small(seed: seed)).figures
            crashes += figures.coordinatorCrashes
            givenUp += figures.nodesGivenUp
            late += figures.lateResults
            pauses += figures.pauses
            quarantines += figures.quarantines
            circuits += figures.circuitsOpened
            lies += figures.lies
            risks += figures.highRisks
            avoided += figures.avoided
            preemptions += figures.preemptions
        }

        #expect(crashes > 20 && givenUp > 20 && late > 5 && pauses > 2)
        #expect(quarantines > 0 && circuits > 0 && lies > 10)
        #expect(risks > 10 && avoided > 2)
        #expect(preemptions > 20)
    }
}

/// A check that cannot fail checks nothing: each of these breaks the machine, or the loop around it, on purpose.
@Suite struct MutationTests {
    @Test(arguments: Mutation.allCases) func `what is broken on purpose is noticed`(mutation: Mutation) throws {
        // Urgent tasks seldom come several at once.
        let seeds: Range<UInt64> = mutation == .noPreemptionBrake ? 2_000..<2_300 : 0..<300
        let caught = seeds.first { seed in
            !Simulation.run(.small(seed: seed, mutation: mutation), isShrinking: false).isClean
        }

        #expect(caught != nil, "seeds \(seeds) did not notice \(mutation)")
    }

    @Test func `a failing run is told by the shortest history found`() {
        let options = SimulationOptions.small(seed: 0, mutation: .loseSave)
        let report = Simulation.run(options)

        #expect(report.violation?.rule == "1 kept before told")
        #expect(report.scenario.count < options.tasks / 2)
        #expect(report.history.contains { $0.contains("accepted") || $0.contains("settled") })
        #expect(report.description.contains("--seed 0"))
    }
}
