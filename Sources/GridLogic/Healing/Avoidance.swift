/// The nodes that are given nothing new for their risk. It lapses while no other node is open: a doubtful node is better
/// than none.
struct Avoidance: Sendable {
    private(set) var nodes: Set<Int> = []
    /// As of the end of the last input: another node is open.
    private(set) var isInForce = false
    /// The fleet's as of then; 0: to be looked at again.
    private var seenOpenings: UInt64 = 0

    /// Nodes beside the avoided ones are open.
    func isAnotherOpen(in fleet: Fleet) -> Bool {
        fleet.openCount > nodes.count { fleet.isOpen($0) }
    }

    /// Those that are given nothing now.
    func current(in fleet: Fleet) -> Set<Int> {
        nodes.isEmpty || !isInForce && !isAnotherOpen(in: fleet) ? [] : nodes
    }

    /// True when it was not avoided.
    mutating func insert(_ node: Int) -> Bool {
        seenOpenings = 0
        return nodes.insert(node).inserted
    }

    /// True when it was avoided.
    mutating func remove(_ node: Int) -> Bool {
        seenOpenings = 0
        return nodes.remove(node) != nil
    }

    /// True when it has just lapsed, and what waits may go to the avoided ones.
    mutating func review(_ fleet: Fleet) -> Bool {
        guard fleet.openings != seenOpenings else { return false }
        seenOpenings = fleet.openings
        let before = isInForce
        isInForce = !nodes.isEmpty && isAnotherOpen(in: fleet)
        return before && !isInForce && !nodes.isEmpty
    }
}
