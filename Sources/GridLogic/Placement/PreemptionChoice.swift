package import GridModel

/// An attempt that could be ended for a task of higher priority, as the node that runs it is weighed.
package struct PreemptionVictim: Sendable, Hashable {
    package var task: TaskID
    /// Where the machine keeps the task.
    package var slot: Int
    package var priority: Int
    package var reservation: Reservation
    /// What would be done again.
    package var ranMilliseconds: Int64

    package init(task: TaskID, slot: Int, priority: Int, reservation: Reservation, ranMilliseconds: Int64) {
        self.task = task
        self.slot = slot
        self.priority = priority
        self.reservation = reservation
        self.ranMilliseconds = max(0, ranMilliseconds)
    }
}

/// What it costs to make room on a node; the least is chosen. Nothing more urgent ends than must, then as few as can
/// be, then where the least work is lost.
package struct PreemptionCost: Sendable, Hashable, Comparable {
    /// How unwelcome the task is there, as for any placement.
    package var reluctance = 0
    /// Of the most urgent victim; `.min` when nothing more has to end.
    package var priority: Int
    package var count: Int
    package var lostMilliseconds: Int64

    init(_ victims: [PreemptionVictim]) {
        priority = victims.map(\.priority).max() ?? .min
        count = victims.count
        lostMilliseconds = victims.reduce(0) { $0.addingSaturated($1.ranMilliseconds) }
    }

    package static func < (left: PreemptionCost, right: PreemptionCost) -> Bool {
        (left.reluctance, left.priority, left.count, left.lostMilliseconds)
            < (right.reluctance, right.priority, right.count, right.lostMilliseconds)
    }
}

/// Where room is made for a task, and by whose end.
package struct PreemptionChoice: Sendable, Hashable {
    package var node: Int
    package var victims: [PreemptionVictim]
    package var cost: PreemptionCost
    /// Nodes where room could have been made.
    package var alternatives = 1

    /// `of 3 nodes the cheapest: 1 attempt of priority 0 or less, 12 s of work`.
    package var words: String {
        guard !victims.isEmpty else { return "what ends there already is enough" }
        let attempts = victims.count == 1 ? "1 attempt" : "\(victims.count) attempts"
        let less = victims.count == 1 ? "" : " or less"
        let place = alternatives == 1 ? "the one node where that helps" : "of \(alternatives) nodes the cheapest"
        return "\(place): \(attempts) of priority \(cost.priority)\(less), "
            + "\(cost.lostMilliseconds / 1_000) s of work begin anew"
    }
}

extension Ledger {
    /// The attempts that have to end so that the request fits, none of them needlessly; nil when not even the end of
    /// all makes room. `ending` end anyway.
    ///
    /// All are taken away, then given back one by one while the request still fits: first the more urgent, and of equals
    /// once those that ran longer and once the smaller ones, which leaves fewer to end. The cheaper result is taken.
    package func victims(
        for request: ResourceRequest, among candidates: [PreemptionVictim], ending: [Reservation] = []
    ) -> [PreemptionVictim]? {
        var emptied = self
        for reservation in ending { emptied.release(reservation) }
        if emptied.fits(request) { return [] }
        for candidate in candidates { emptied.release(candidate.reservation) }
        guard !candidates.isEmpty, emptied.fits(request) else { return nil }
        let byWork = emptied.spare(
            candidates.sorted {
                ($1.priority, $1.ranMilliseconds, $0.task) < ($0.priority, $0.ranMilliseconds, $1.task)
            }, for: request)
        let bySize = emptied.spare(
            candidates.sorted {
                ($1.priority, size(of: $0), $0.task) < ($0.priority, size(of: $1), $1.task)
            }, for: request)
        return PreemptionCost(bySize) < PreemptionCost(byWork) ? bySize : byWork
    }

    /// Gives back in this order whatever leaves room for the request; the others have to end.
    private func spare(_ candidates: [PreemptionVictim], for request: ResourceRequest) -> [PreemptionVictim] {
        var ledger = self
        var victims: [PreemptionVictim] = []
        for candidate in candidates {
            var fuller = ledger
            fuller.hold(candidate.reservation)
            if fuller.fits(request) { ledger = fuller } else { victims.append(candidate) }
        }
        return victims
    }

    /// The largest of its shares in what the node has.
    private func size(of victim: PreemptionVictim) -> Double {
        let request = victim.reservation.request
        func share(_ part: Int64, _ whole: Int64) -> Double { Double(max(0, part)) / Double(max(whole, 1)) }
        let unit = gpus.first?.units ?? 1
        let gpu = request.gpus > 0 ? Double(request.gpus) : share(request.gpuMemoryBytes, unit)
        return max(
            share(request.cpuMillis, ownedCPUMillis), share(request.memoryBytes, ownedMemoryBytes),
            share(request.diskBytes, ownedDiskBytes), gpu / Double(max(gpus.count, 1)))
    }
}
