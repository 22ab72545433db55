package import Executors
package import GridModel

/// Which of a node's roads is taken: the first that is open and heard from. A road that came back waits a while before
/// it is preferred to one that works, so that a loose cable does not send tasks to and fro. Pure: times are given.
package struct RoadBoard: Sendable {
    package enum Turn: Sendable, Hashable {
        /// The first of them is open.
        case opened(Int)
        case changed(from: Int, to: Int)
        /// None is open any more.
        case closed
    }

    private struct Road {
        let name: String
        var condition = RoadState.Condition.opening
        var openedAt = MonotonicTime(nanoseconds: 0)
        var heardAt = MonotonicTime(nanoseconds: 0)
        var failure: RoadFailure?
    }

    /// Samples come every 500 ms; another road is taken within a second of the last.
    private static let silentMilliseconds: Int64 = 800
    private static let steadyMilliseconds: Int64 = 5_000

    private var roads: [Road]
    package private(set) var inUse: Int?

    package init(names: [String]) { roads = names.map { Road(name: $0) } }

    package var states: [RoadState] {
        roads.enumerated().map { index, road in
            RoadState(
                name: road.name, condition: road.condition, isInUse: index == inUse,
                reason: road.failure?.reason ?? "", remedy: road.failure?.remedy ?? "")
        }
    }

    // MARK: what is heard of them

    package mutating func opening(_ index: Int) { roads[index].condition = .opening }

    package mutating func opened(_ index: Int, at now: MonotonicTime) {
        roads[index].condition = .open
        roads[index].openedAt = now
        roads[index].heardAt = now
        roads[index].failure = nil
    }

    package mutating func heard(_ index: Int, at now: MonotonicTime) { roads[index].heardAt = now }

    package mutating func closed(_ index: Int, _ failure: RoadFailure) {
        roads[index].condition = .closed
        roads[index].failure = failure
    }

    /// How long the road has been silent; nil when it is not open.
    package func silence(of index: Int, at now: MonotonicTime) -> Int64? {
        isOpen(index) ? now.milliseconds(since: roads[index].heardAt) : nil
    }

    // MARK: what follows

    /// To be called after every change, and several times a second.
    package mutating func review(at now: MonotonicTime) -> Turn? {
        for index in roads.indices where isOpen(index) {
            let isSilent = now.milliseconds(since: roads[index].heardAt) > Self.silentMilliseconds
            roads[index].condition = isSilent ? .silent : .open
        }
        let before = inUse
        inUse = choice(at: now)
        switch (before, inUse) {
        case (nil, let new?): return .opened(new)
        case (_?, nil): return .closed
        case (let old?, let new?) where old != new: return .changed(from: old, to: new)
        default: return nil
        }
    }

    private func choice(at now: MonotonicTime) -> Int? {
        let best = roads.indices.first { roads[$0].condition == .open }
        guard let current = inUse, isOpen(current) else { return best ?? roads.indices.first(where: isOpen) }
        guard let best, best != current else { return current }
        if roads[current].condition == .silent { return best }
        let isSteady = now.milliseconds(since: roads[best].openedAt) >= Self.steadyMilliseconds
        return best < current && isSteady ? best : current
    }

    private func isOpen(_ index: Int) -> Bool {
        roads[index].condition == .open || roads[index].condition == .silent
    }
}
