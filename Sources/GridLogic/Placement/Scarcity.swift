import GridModel

/// What the room of a node is worth to the tasks that can use few others: those which insist on a kind of node, and
/// those which need many whole GPUs together.
///
/// If the tasks to come are like those that came, and as many come as will fill all that is free, then each class of
/// tasks asks for `demand × free / supply` of every GPU that it can use. Where the classes together ask for more than
/// there is (1, and a tenth for chance), part of it will be missed there: twice the excess, and at most all of it. It
/// is spent where it is missed least. A grid whose tasks can go anywhere has no price anywhere.
struct Scarcity: Sendable {
    /// What a node adds to the supply.
    struct Share: Sendable, Equatable {
        var eligibility: UInt64 = 0
        var whole = 0
        /// In GPUs.
        var free: Float = 0
    }

    private struct Class: Sendable {
        let constraintBit: UInt64
        /// Whole GPUs together; 0 for tasks that take one GPU or a part of one.
        let together: Int
        var demand = 0.0
        var supply = 0.0

        func uses(_ share: Share) -> Bool { share.eligibility & constraintBit != 0 && share.whole >= together }
    }

    private static let classLimit = 64
    /// The demand is halved whenever it reaches so many GPUs.
    private static let memory = 16_384.0

    private var classes: [Class] = []
    private var totalDemand = 0.0
    private var totalFree = 0.0
    /// By eligibility, 17 prices each: with so many whole GPUs.
    private var prices: [UInt64: [Float]] = [:]
    private var isStale = true

    mutating func learn(
        constraintBit: UInt64, gpus: Int, amount: Double, supply: (_ counts: (Share) -> Bool) -> Double
    ) {
        let together = gpus > 1 ? min(gpus, Room.gpuLimit) : 0
        totalDemand += amount
        isStale = true
        if let index = classes.firstIndex(where: { $0.constraintBit == constraintBit && $0.together == together }) {
            classes[index].demand += amount
        } else if classes.count < Self.classLimit {
            var newcomer = Class(constraintBit: constraintBit, together: together, demand: amount)
            newcomer.supply = supply { newcomer.uses($0) }
            classes.append(newcomer)
        }
        guard totalDemand >= Self.memory else { return }
        totalDemand /= 2
        for index in classes.indices { classes[index].demand /= 2 }
    }

    mutating func replace(_ old: Share, by new: Share) {
        guard old != new else { return }
        totalFree += Double(new.free) - Double(old.free)
        for index in classes.indices {
            if classes[index].uses(old) { classes[index].supply -= Double(old.free) }
            if classes[index].uses(new) { classes[index].supply += Double(new.free) }
        }
        isStale = true
    }

    /// What is lost, in GPUs, when a node's share shrinks so.
    mutating func cost(of old: Share, becoming new: Share) -> Float {
        if isStale {
            prices.removeAll(keepingCapacity: true)
            isStale = false
        }
        if prices[old.eligibility] == nil { prices[old.eligibility] = pricesForKind(old.eligibility) }
        let row = prices[old.eligibility]!  // set above
        return row[min(old.whole, Room.gpuLimit)] * old.free - row[min(new.whole, Room.gpuLimit)] * new.free
    }

    private func pricesForKind(_ eligibility: UInt64) -> [Float] {
        (0...Room.gpuLimit).map { whole in
            var asked = 0.0
            let share = Share(eligibility: eligibility, whole: whole)
            for each in classes where each.uses(share) {
                asked += each.demand / totalDemand * totalFree / max(each.supply, 1)
            }
            return Float(min(1, max(0, 2 * (asked - 1.1))))
        }
    }
}
