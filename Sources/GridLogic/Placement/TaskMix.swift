import GridModel

/// What the tasks of this grid look like, learned from those that came: some imagined futures, each a row of tasks that
/// ask for a GPU, drawn from all that ever came by reservoir sampling (Vitter 1985), the recent somewhat likelier.
///
/// Nothing is known beforehand. Estimates are made with a copy that changes only now and then (`generation`), so that
/// they can be compared with each other.
struct TaskMix: Sendable {
    struct ImaginedTask: Sendable {
        var cpuMillis: Float
        var memoryBytes: Float
        /// Of one GPU; 0 when whole ones are asked for.
        var shareUnits: Float
        var wholeGPUs: Int32
        /// The bit of its constraint in a node's eligibility.
        var constraintBit: UInt64
    }

    /// 16 futures suffice to rank nodes, and 60 tasks to fill the largest.
    static let futures = 16
    static let depth = 60
    /// The older half of the memory is of this age, in tasks that asked for a GPU.
    private static let memory = 8_192.0

    private(set) var imagined: [ImaginedTask] = []
    /// Changes with `imagined`; 0 before the first task.
    private(set) var generation: UInt32 = 0
    /// The least that any imagined task asks for: a node with less takes none.
    private(set) var leastCPUMillis: Float = 0
    private(set) var leastShareUnits: Float = 0

    private var reservoir: [ImaginedTask] = []
    private var seen = 0.0
    private var nextGeneration = 1.0

    /// True when the futures were renewed.
    mutating func learn(_ task: ImaginedTask, using chance: inout SplitMix64) -> Bool {
        seen += 1
        let size = Self.futures * Self.depth
        if reservoir.isEmpty {
            reservoir = Array(repeating: task, count: size)
        } else {
            let expected = Double(size) / min(seen, Self.memory)
            var replacements = Int(expected)
            if chance.fraction() < expected - Double(replacements) { replacements += 1 }
            for _ in 0..<replacements { reservoir[chance.below(size)] = task }
        }
        guard seen >= nextGeneration else { return false }
        nextGeneration = max(seen + 1, min(seen * 1.3, seen + Self.memory / 8))
        imagined = reservoir
        generation &+= 1
        leastCPUMillis = imagined.reduce(.infinity) { min($0, $1.cpuMillis) }
        leastShareUnits = imagined.reduce(.infinity) { min($0, $1.wholeGPUs > 0 ? .infinity : $1.shareUnits) }
        return true
    }
}
