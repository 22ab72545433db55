/// How nodes that may take a task and have room are ranked. What may not be, and what does not fit, never gets here:
/// a policy decides where a task goes and never whether.
package protocol PlacementPolicy: Sendable {
    /// Whether it looks at what a placement would strand, which takes some microseconds to find out.
    var weighsStranding: Bool { get }
    /// The least rank gets the task.
    func rank(_ candidate: PlacementCandidate) -> PlacementRank
}

/// A node with room, as a policy sees it.
package struct PlacementCandidate: Sendable {
    /// What the placement would cost the tasks to come, in GPUs: see `RoomValue` and `Scarcity`. 0 when not weighed.
    package var stranded: Float
    /// 0 idle ... 1 full, before.
    package var load: Double
    package var roundTripMicroseconds: Int64
    /// When something was last placed there, as a count of placements.
    package var lastPlaced: UInt64
    /// Its place in the order in which nodes were named.
    package var order: Int
}

/// Compared from the first to the last; the node's name settles what is left.
package struct PlacementRank: Sendable, Comparable {
    var step: Float
    var weight: Double = 0
    var turn: UInt64 = 0

    package static func < (left: PlacementRank, right: PlacementRank) -> Bool {
        if left.step != right.step { return left.step < right.step }
        if left.weight != right.weight { return left.weight < right.weight }
        return left.turn < right.turn
    }

    /// Costs in steps that are fine around nothing and coarser far from it, `steps` from the best thinkable to the
    /// worst. The rounding matters: equals fall back to what comes next, and small differences of an estimate are noise
    /// (Weng et al., ATC 2023, round the same way).
    static func steps(_ cost: Float, _ steps: Float) -> Float {
        (steps * (0.5 + cost / (2 * (2 + abs(cost))))).rounded(.up)
    }
}

/// The policies by name.
package enum PlacementRule: String, Sendable, Hashable, CaseIterable {
    case balanced, pack, spread, fragmentation, near

    package var summary: String {
        switch self {
        case .balanced: "the least loaded of those where little is stranded (the default)"
        case .pack: "the fullest"
        case .spread: "the least loaded"
        case .fragmentation: "where least is stranded, the first of equals"
        case .near: "the nearest by round trip, the least loaded of equals"
        }
    }
}

/// Where little is stranded the least loaded, of equals the one that was used longest ago.
struct BalancedPolicy: PlacementPolicy {
    let weighsStranding = true

    func rank(_ candidate: PlacementCandidate) -> PlacementRank {
        PlacementRank(
            step: PlacementRank.steps(candidate.stranded, 10), weight: candidate.load, turn: candidate.lastPlaced)
    }
}

/// Where least is stranded, of equals the first: full nodes stay full and whole ones whole.
struct FragmentationPolicy: PlacementPolicy {
    let weighsStranding = true

    func rank(_ candidate: PlacementCandidate) -> PlacementRank {
        PlacementRank(step: PlacementRank.steps(candidate.stranded, 100), turn: UInt64(candidate.order))
    }
}

/// The fullest node first, of equals the first: idle machines stay idle.
struct PackPolicy: PlacementPolicy {
    let weighsStranding = false

    func rank(_ candidate: PlacementCandidate) -> PlacementRank {
        PlacementRank(step: 0, weight: -candidate.load, turn: UInt64(candidate.order))
    }
}

/// The emptiest node first, of equals the one that was used longest ago.
struct SpreadPolicy: PlacementPolicy {
    let weighsStranding = false

    func rank(_ candidate: PlacementCandidate) -> PlacementRank {
        PlacementRank(step: 0, weight: candidate.load, turn: candidate.lastPlaced)
    }
}

/// Round trips in octaves of a millisecond, so that jitter decides nothing.
struct NearPolicy: PlacementPolicy {
    let weighsStranding = false

    func rank(_ candidate: PlacementCandidate) -> PlacementRank {
        let milliseconds = UInt64(max(0, candidate.roundTripMicroseconds)) / 1_000
        let octave = UInt64.bitWidth - milliseconds.leadingZeroBitCount
        return PlacementRank(step: Float(octave), weight: candidate.load, turn: candidate.lastPlaced)
    }
}
