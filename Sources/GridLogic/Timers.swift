import GridModel

/// Every deadline of the grid in one heap. An owner has at most one deadline and keeps it itself; an entry that no
/// longer agrees with its owner is stale, and is dropped when it comes up or when stale entries outnumber the rest.
struct Timers: Sendable {
    struct Entry: Comparable, Sendable {
        let at: MonotonicTime
        let owner: Owner

        static func < (left: Entry, right: Entry) -> Bool {
            (left.at.nanoseconds, left.owner.code) < (right.at.nanoseconds, right.owner.code)
        }
    }

    /// A task by its slot, a node by its index, the brake, the circuits, or the look for room to be made; ordered, so that
    /// what is due together has one order.
    struct Owner: Hashable, Sendable {
        enum Kind: UInt64 { case node, brake, task, circuit, preemption }

        let code: UInt64

        init(_ kind: Kind, _ index: Int) { code = kind.rawValue << 61 | UInt64(index) }

        var kind: Kind { Kind(rawValue: code >> 61)! }  // made from a Kind in init alone
        var index: Int { Int(code & (1 << 61 - 1)) }
    }

    private var heap = MinHeap<Entry>()

    var first: Entry? { heap.first }
    var count: Int { heap.count }

    mutating func insert(at time: MonotonicTime, _ owner: Owner) {
        heap.insert(Entry(at: time, owner: owner))
    }

    mutating func removeFirst() { heap.removeFirst() }

    mutating func removeAll(where isStale: (Entry) -> Bool) { heap.removeAll(where: isStale) }
}
