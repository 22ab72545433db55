import GridLogic
import GridSimulation

/// What a placement costs, by the size of the fleet.
enum PlacementScaleReport {
    private static let sizes = [10, 100, 1_000, 10_000]

    static func measure(_ rule: PlacementRule, as format: DocumentFormat) {
        let rows = sizes.map { (nodes: $0, figures: measure(rule, nodes: $0)) }
        switch format {
        case .json:
            Console.stdout.print(
                JSONValue.object([
                    "policy": .string(rule.rawValue),
                    "sizes": .array(
                        rows.map { row in
                            .object([
                                "nodes": JSONValue(row.nodes), "placements": JSONValue(row.figures.count),
                                "microseconds_per_placement": .double(row.figures.mean),
                                "microseconds_p99": .double(row.figures.p99),
                            ])
                        }),
                ]).pretty)
        case .text:
            var table = Table(
                .init("NODES", .right), .init("PLACEMENTS", .right), .init("MEAN", .right), .init("P99", .right))
            for row in rows {
                table.add(
                    .init("\(row.nodes)"), .init("\(row.figures.count)"), .init("\(row.figures.mean) us"),
                    .init("\(row.figures.p99) us"))
            }
            Console.stdout.write(table)
        }
    }

    private struct Figures {
        var count: Int
        /// Microseconds.
        var mean: Double
        var p99: Double
    }

    /// The fleet is filled first and learns meanwhile; then as many placements again are timed, 20,000 at most.
    private static func measure(_ rule: PlacementRule, nodes: Int) -> Figures {
        var scale = PlacementScale(nodes: nodes, rule: rule)
        for _ in 0..<max(2_000, nodes * 5) { scale.place(scale.next()) }
        let count = min(20_000, max(2_000, nodes * 5))
        let clock = ContinuousClock()
        var nanoseconds: [Int64] = []
        nanoseconds.reserveCapacity(count)
        for _ in 0..<count {
            let shape = scale.next()
            let took = clock.measure { scale.place(shape) }.components
            nanoseconds.append(took.seconds * 1_000_000_000 + took.attoseconds / 1_000_000_000)
        }
        nanoseconds.sort()
        func tenths(_ value: Int64) -> Double { Double(value / 100) / 10 }
        return Figures(
            count: count, mean: tenths(nanoseconds.reduce(0, +) / Int64(count)),
            p99: tenths(nanoseconds[count * 99 / 100]))
    }
}
