package import GridModel

/// The nodes as placement sees them: what each has, what is reserved, which may be given tasks, and what the tasks that
/// came so far teach about those to come. Filter, score, reserve: the grid machine and the simulator of placements use
/// the same.
///
/// Nodes are numbered from 0; whoever owns the fleet gives a number to another node when the first is gone.
package struct Fleet: Sendable {
    package var rule: PlacementRule
    package private(set) var ledgers: [Ledger] = []
    private(set) var records: [Node] = []
    private(set) var isOpen: [Bool] = []
    package private(set) var openCount = 0
    /// Changes whenever a node is opened or closed; never 0.
    private(set) var openings: UInt64 = 1

    var mix = TaskMix()
    var value = RoomValue()
    var scarcity = Scarcity()
    var shares: [Scarcity.Share] = []
    /// Of each node, changed with it: what was found out about the node before is then not true any more.
    private(set) var stamps: [UInt64] = []
    private var lastStamp: UInt64 = 0
    /// Nodes that were opened, closed or given other things, in that order.
    private(set) var changes: [Int32] = []

    /// The constraints of tasks that asked for a GPU, of which the estimates tell 63 apart, and which of them each node
    /// satisfies: one bit each, and the first for none at all.
    var knownConstraints: [String] = []
    private(set) var eligibilities: [UInt64] = []
    /// As they were read, for as many as are in use at a time.
    var readConstraints: [String: Constraint] = [:]

    var indices: [ShapeIndex] = []
    var indexNumbers: [Shape: Int] = [:]
    var chance: SplitMix64
    var placements: UInt64 = 0
    /// Of the GPU that was seen first, for what a share of one amounts to; nil before there is any.
    private(set) var firstGPUUnits: Int64?

    package init(rule: PlacementRule = .balanced, seed: UInt64 = 1) {
        self.rule = rule
        chance = SplitMix64(seed: SplitMix64.mixed(seed ^ 0xF1EE_7000))
    }

    package var count: Int { ledgers.count }
    package func isOpen(_ node: Int) -> Bool { isOpen[node] }
    func name(_ node: Int) -> NodeName { records[node].name }
    func record(_ node: Int) -> Node { records[node] }
}

/// Nodes come, change and go.
extension Fleet {
    /// Adds a node, or puts it in the place of one that is gone. It is closed.
    @discardableResult
    package mutating func add(_ node: Node, attemptLimit: Int, at place: Int? = nil) -> Int {
        let index = place ?? ledgers.count
        var ledger = Ledger(attemptLimit: attemptLimit)
        if node.inventory.cores > 0 { ledger.setCapacity(node.inventory.clamped) }
        if place == nil {
            ledgers.append(ledger)
            records.append(node)
            isOpen.append(false)
            stamps.append(0)
            shares.append(Scarcity.Share())
            eligibilities.append(1)
        } else {
            setOpen(index, false)
            ledgers[index] = ledger
            records[index] = node
        }
        eligibilities[index] = eligibility(of: index)
        restructured(index)
        return index
    }

    /// Takes over what is known of the node; what it has counts from `setCapacity` on.
    package mutating func setRecord(_ index: Int, _ node: Node) {
        guard records[index] != node else { return }
        records[index] = node
        eligibilities[index] = eligibility(of: index)
        restructured(index)
    }

    package mutating func setCapacity(_ index: Int, _ inventory: NodeInventory) {
        ledgers[index].setCapacity(inventory)
        restructured(index)
    }

    /// Whether the node may be given tasks.
    package mutating func setOpen(_ index: Int, _ open: Bool) {
        guard isOpen[index] != open else { return }
        isOpen[index] = open
        openCount += open ? 1 : -1
        openings += 1
        restructured(index)
    }

    /// True when there is more room than before.
    package mutating func measure(_ index: Int, _ sample: NodeSample) -> Bool {
        let before = (ledgers[index].foreignMemoryBytes, ledgers[index].foreignDiskBytes)
        let gpus = ledgers[index].gpus.reduce(Int64(0)) { $0 &+ $1.foreignUnits }
        let isMore = ledgers[index].measure(sample)
        let after = (ledgers[index].foreignMemoryBytes, ledgers[index].foreignDiskBytes)
        if before != after || gpus != ledgers[index].gpus.reduce(Int64(0), { $0 &+ $1.foreignUnits }) {
            touched(index)
        }
        return isMore
    }

    private mutating func restructured(_ index: Int) {
        if firstGPUUnits == nil { firstGPUUnits = ledgers[index].gpus.first?.units }
        // Indices far behind are made anew, so the past may be forgotten.
        if changes.count > 4 * ledgers.count + 4_096 {
            changes.removeAll(keepingCapacity: true)
            for each in indices.indices { indices[each].seenChanges = -1 }
        }
        changes.append(Int32(index))
        touched(index)
    }

    /// What is known of the node has changed, beside what it has.
    mutating func setEligibility(_ index: Int, _ bits: UInt64) {
        eligibilities[index] = bits
        touched(index)
    }

    /// What is free on the node has changed.
    private mutating func touched(_ index: Int) {
        lastStamp += 1
        stamps[index] = lastStamp
        let new = share(of: index)
        scarcity.replace(shares[index], by: new)
        shares[index] = new
    }

    private func share(of index: Int) -> Scarcity.Share {
        guard isOpen[index], !ledgers[index].gpus.isEmpty else { return Scarcity.Share() }
        let room = Room(ledgers[index], eligibility: eligibilities[index])
        return Scarcity.Share(eligibility: room.eligibility, whole: room.wholeGPUs, free: room.freeGPUs)
    }
}

/// Attempts come and go.
extension Fleet {
    /// Takes what the shape needs; the choice fits.
    package mutating func reserve(_ request: ResourceRequest, on choice: PlacementChoice) -> Reservation {
        placements += 1
        ledgers[choice.node].lastPlaced = placements
        let reservation = ledgers[choice.node].reserve(request, gpu: choice.gpu)
        touched(choice.node)
        return reservation
    }

    package mutating func hold(_ reservation: Reservation, on node: Int) {
        ledgers[node].hold(reservation)
        touched(node)
    }

    /// Keeps room on the node for a task that is yet to come.
    mutating func keep(_ room: KeptRoom, on node: Int) {
        guard ledgers[node].kept != room else { return }
        ledgers[node].setKept(room)
        touched(node)
    }

    package mutating func release(_ reservation: Reservation, on node: Int) {
        ledgers[node].release(reservation)
        touched(node)
    }
}
