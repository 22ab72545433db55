import GridLogic
import GridModel
import Testing

struct OccupancyGridTests {
    /// The same answer the slow way.
    private func nearest(_ value: Double, _ seen: [Double]) -> Double {
        seen.map { abs($0 - value) }.min() ?? .infinity
    }

    @Test func `the distance to the nearest value seen is right to a cell, however the axis widened`() throws {
        var grid = OccupancyGrid(cellCount: 2_048)
        var random = SplitMix64(seed: 7)
        var seen: [Double] = []
        for step in 0..<2_000 {
            let spread = step < 500 ? 1.0 : step < 1_000 ? 1_000 : 50_000
            let value = Double(random.next() % 1_000_000) / 1_000_000 * spread - spread / 3
            let asked = Double(random.next() % 1_000_000) / 500_000 * spread - spread
            if let distance = grid.distance(from: asked) {
                let range = try #require(seen.max()) - (try #require(seen.min()))
                #expect(abs(distance - nearest(asked, seen)) <= range / 500)
            }
            grid.insert(value)
            seen.append(value)
            #expect(grid.distance(from: value) == 0)
        }
    }

    @Test func `nothing is near to an empty grid, and one value is its own measure`() {
        var grid = OccupancyGrid(cellCount: 128)
        #expect(grid.distance(from: 3) == nil)

        grid.insert(5)

        #expect(grid.distance(from: 5) == 0)
        #expect(grid.distance(from: 7) == 2)
    }

    @Test func `rows share the axis and nothing else`() throws {
        var grid = OccupancyGrid(cellCount: 512, rows: 3)
        grid.insert(0, row: 0)
        grid.insert(100, row: 1)
        #expect(try #require(grid.distance(from: 100, rows: [0])) > 99)
        #expect(grid.distance(from: 100, rows: [0, 1]) == 0)
        #expect(grid.distance(from: 100, rows: [2]) == nil)

        grid.move(row: 1, into: 2)

        #expect(grid.distance(from: 100, rows: [1]) == nil)
        #expect(grid.distance(from: 100, rows: [2]) == 0)
    }

    @Test func `the largest and smallest numbers there are do no harm`() {
        var grid = OccupancyGrid(cellCount: 128)
        for value in [Double.leastNonzeroMagnitude, 1e150, -1e150, 1, 0, -Double.leastNonzeroMagnitude] {
            grid.insert(value)
            #expect(grid.distance(from: value) == 0)
        }
    }
}
