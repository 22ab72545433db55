package import GridLogic
package import GridModel

/// What is wrong with a trace, and in which line.
package struct PlacementTraceError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Which of the two files.
    package enum Table: Sendable, Hashable {
        case nodes, tasks
    }

    package let table: Table
    /// From 1; the header is line 1.
    package let line: Int
    package let message: String

    package var description: String { "line \(line): \(message)" }
}

/// A cluster and the tasks that come to it, read from two CSV tables with a header each: nodes `sn, cpu_milli,
/// memory_mib, gpu, model` in the order in which equals are used, tasks `cpu_milli, memory_mib, num_gpu, gpu_milli,
/// gpu_spec` in the order in which they come. A GPU has 1,000 units; `gpu_spec` names the models that will do, with bars
/// between them. Columns stand in any order, and others are ignored.
package struct PlacementTrace: Sendable {
    package static let gpuUnits: Int64 = 1_000

    package var nodes: [Node]
    package var tasks: [Shape]

    package init(nodes: String, tasks: String) throws(PlacementTraceError) {
        self.nodes = try Self.nodes(CSVTable(.nodes, nodes))
        self.tasks = try Self.tasks(CSVTable(.tasks, tasks))
    }

    private static func nodes(_ table: CSVTable) throws(PlacementTraceError) -> [Node] {
        let (name, cpu) = (try table.column("sn"), try table.column("cpu_milli"))
        let (memory, count, model) = (
            try table.column("memory_mib"), try table.column("gpu"), try table.column("model")
        )
        var nodes: [Node] = []
        for row in table.rows {
            guard let name = NodeName(try table.text(row, name)) else {
                throw PlacementTraceError(
                    table: table.kind, line: row.line, message: "'\(try table.text(row, name))' is no name for a node")
            }
            let millis = try table.number(row, cpu, in: 0...4_096_000)
            let gpus = try table.number(row, count, in: 0...Int64(NodeInventory.gpuLimit))
            let kind = try table.text(row, model)
            let inventory = NodeInventory(
                cores: Int(millis / 1_000), memoryBytes: try table.number(row, memory, in: 0...(1 << 28)) << 20,
                gpus: (0..<Int(gpus)).map { GPU(index: $0, model: kind, memoryBytes: Self.gpuUnits) })
            nodes.append(Node(name: name, inventory: inventory))
        }
        return nodes
    }

    private static func tasks(_ table: CSVTable) throws(PlacementTraceError) -> [Shape] {
        let (cpu, memory) = (try table.column("cpu_milli"), try table.column("memory_mib"))
        let (count, share) = (try table.column("num_gpu"), try table.column("gpu_milli"))
        let models = table.names.firstIndex(of: "gpu_spec")
        var tasks: [Shape] = []
        for row in table.rows {
            var request = ResourceRequest(
                cpuMillis: try table.number(row, cpu, in: 0...4_096_000),
                memoryBytes: try table.number(row, memory, in: 0...(1 << 28)) << 20)
            let gpus = try table.number(row, count, in: 0...Int64(NodeInventory.gpuLimit))
            if gpus == 1 {
                let units = try table.number(row, share, in: 0...gpuUnits)
                if units == 0 || units == gpuUnits { request.gpus = 1 } else { request.gpuMemoryBytes = units }
            } else {
                request.gpus = Int(gpus)
            }
            let wanted = try models.map { (column) throws(PlacementTraceError) in try table.text(row, column) } ?? ""
            tasks.append(Shape(resources: request, constraint: gpus > 0 ? constraint(wanted) : ""))
        }
        return tasks
    }

    private static func constraint(_ models: String) -> String {
        let names = Set(models.split(separator: "|").map { "\"\($0)\"" })
        return names.isEmpty ? "" : "gpu.model in [\(names.sorted().joined(separator: ", "))]"
    }
}

/// Rows of plain fields with commas between them, under a row of names.
private struct CSVTable {
    struct Row {
        let line: Int
        let fields: [Substring]
    }

    let kind: PlacementTraceError.Table
    let names: [Substring]
    let rows: [Row]

    init(_ kind: PlacementTraceError.Table, _ text: String) {
        self.kind = kind
        let lines = text.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }
        names = lines.first?.split(separator: ",", omittingEmptySubsequences: false) ?? []
        rows = lines.enumerated().dropFirst().filter { !$1.isEmpty }.map {
            Row(line: $0 + 1, fields: $1.split(separator: ",", omittingEmptySubsequences: false))
        }
    }

    func column(_ name: String) throws(PlacementTraceError) -> Int {
        if let index = names.firstIndex(where: { $0 == name }) { return index }
        throw PlacementTraceError(
            table: kind, line: 1,
            message: "there is no column '\(name)'; the columns are \(names.joined(separator: ", "))")
    }

    func text(_ row: Row, _ column: Int) throws(PlacementTraceError) -> String {
        guard row.fields.indices.contains(column) else {
            throw PlacementTraceError(table: kind, line: row.line, message: "there is no field for '\(names[column])'")
        }
        return String(row.fields[column])
    }

    /// Whole and in `range`; an empty field is 0.
    func number(_ row: Row, _ column: Int, in range: ClosedRange<Int64>) throws(PlacementTraceError) -> Int64 {
        let text = try text(row, column)
        guard let value = text.isEmpty ? 0 : Int64(text), range.contains(value) else {
            let what =
                "'\(text)' is no whole number from \(range.lowerBound) to \(range.upperBound) for '\(names[column])'"
            throw PlacementTraceError(table: kind, line: row.line, message: what)
        }
        return value
    }
}
