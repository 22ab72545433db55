import GridSimulation
import Testing

@Suite struct SimulationTests {
    /// 2,048 seeds in 32 parts, which run side by side.
    @Test(arguments: 0..<32) func `small grids with faults keep every invariant`(part: UInt64) {
        for seed in part * 64..<(part + 1) * 64 {
            let report = Simulation.run(.small(seed: seed))
            #expect(report.isClean, "\(report)")
            if !report.isClean { return }
        }
    }
}
