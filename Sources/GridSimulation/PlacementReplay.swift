package import GridLogic
package import GridModel

/// Plays a trace on the fleet that the coordinator uses: every task goes to a node with room if there is one, stays for
/// ever, and is dropped otherwise.
package struct PlacementReplay {
    /// Where a task went.
    package struct Placement: Sendable, Hashable {
        package var node: NodeName
        package var gpus: [Int]
    }

    /// Percent of what the nodes have.
    package struct Report: Sendable, Hashable {
        package var tasks = 0
        package var placed = 0
        package var dropped = 0
        package var gpuAllocation = 0.0
        /// When the tasks that had come asked for all GPUs there are; nil when they never did.
        package var gpuAllocationAt100: Double?
        package var cpuAllocation = 0.0
        package var memoryAllocation = 0.0
        /// Dropped while some node had room, which must not be.
        package var wronglyDropped = 0
    }

    private let trace: PlacementTrace
    private let totalGPU: Int64
    private var fleet: Fleet
    private var next = 0
    private var askedGPU: Int64 = 0
    private var held = ResourceRequest()
    private var heldGPU: Int64 = 0
    package private(set) var report = Report()

    package init(_ trace: PlacementTrace, rule: PlacementRule) {
        self.trace = trace
        totalGPU = trace.nodes.reduce(0) { $0 + Int64($1.inventory.gpus.count) } * PlacementTrace.gpuUnits
        fleet = Fleet(rule: rule)
        for node in trace.nodes {
            let index = fleet.add(node, attemptLimit: .max)
            fleet.setOpen(index, true)
        }
    }

    package var taskCount: Int { trace.tasks.count }
    package var isDone: Bool { next >= trace.tasks.count }

    /// Places the next task; nil when it is dropped.
    package mutating func step() -> Placement? {
        let shape = trace.tasks[next]
        next += 1
        report.tasks += 1
        fleet.learn(shape)
        let units = Self.gpuUnits(shape.resources)
        askedGPU += units
        defer { note() }
        guard let choice = fleet.choose(shape) else {
            report.dropped += 1
            if (0..<fleet.count).contains(where: { fleet.fits(shape, on: $0) }) { report.wronglyDropped += 1 }
            return nil
        }
        let reservation = fleet.reserve(shape.resources, on: choice)
        report.placed += 1
        held.cpuMillis += shape.resources.cpuMillis
        held.memoryBytes += shape.resources.memoryBytes
        heldGPU += units
        return Placement(node: trace.nodes[choice.node].name, gpus: reservation.gpuIndices)
    }

    private mutating func note() {
        report.gpuAllocation = Self.percent(heldGPU, of: totalGPU)
        if report.gpuAllocationAt100 == nil, totalGPU > 0, askedGPU >= totalGPU {
            report.gpuAllocationAt100 = report.gpuAllocation
        }
        guard isDone else { return }
        report.cpuAllocation = Self.percent(
            held.cpuMillis, of: trace.nodes.reduce(0) { $0 + Int64($1.inventory.cores) * 1_000 })
        report.memoryAllocation = Self.percent(
            held.memoryBytes, of: trace.nodes.reduce(0) { $0 + $1.inventory.memoryBytes })
    }

    private static func gpuUnits(_ request: ResourceRequest) -> Int64 {
        Int64(request.gpus) * PlacementTrace.gpuUnits + request.gpuMemoryBytes
    }

    private static func percent(_ part: Int64, of whole: Int64) -> Double {
        whole > 0 ? 100 * Double(part) / Double(whole) : 0
    }
}
