/// Waiting work of many owners, taken out fairly: deficit round robin (Shreedhar and Varghese, 1995) over one line for
/// each owner. Whoever brings much waits behind its own; within a line the order is kept.
///
/// In each round every line that waits may spend `quantum` of weight; what it could not spend because its next item is
/// heavier stays its credit. Putting in and taking out cost the same however many wait.
package struct FairQueue<Owner: Hashable & Sendable, Item: Sendable>: Sendable {
    private struct Line: Sendable {
        var items: [(item: Item, weight: Int)] = []
        /// Of `items`, what was taken out already.
        var taken = 0
        var credit = 0
    }

    private var lines: [Owner: Line] = [:]
    /// Owners whose line is not empty, in the order of their turns.
    private var turns: [Owner] = []
    private var nextTurn = 0
    private let quantum: Int
    package private(set) var weight = 0

    package init(quantum: Int) {
        precondition(quantum > 0, "a round must give something")
        self.quantum = quantum
    }

    package var isEmpty: Bool { turns.isEmpty }

    package mutating func push(_ item: Item, weight: Int, owner: Owner) {
        if lines[owner] == nil { turns.append(owner) }
        lines[owner, default: Line()].items.append((item, weight))
        self.weight += weight
    }

    /// Takes out at least one item, and then as long as less than `budget` was taken.
    package mutating func take(budget: Int, into batch: inout [Item]) {
        var spent = 0
        while spent < budget, !turns.isEmpty {
            if nextTurn >= turns.count { nextTurn = 0 }
            let owner = turns[nextTurn]
            // Safe: every owner that has a turn has a line.
            var line = lines.removeValue(forKey: owner)!
            line.credit += quantum
            while line.taken < line.items.count, line.items[line.taken].weight <= line.credit {
                let (item, weight) = line.items[line.taken]
                line.taken += 1
                line.credit -= weight
                spent += weight
                self.weight -= weight
                batch.append(item)
            }
            if line.taken == line.items.count {
                // An empty line keeps no credit.
                turns.remove(at: nextTurn)
            } else {
                if line.taken > 64, line.taken * 2 > line.items.count {
                    line.items.removeFirst(line.taken)
                    line.taken = 0
                }
                lines[owner] = line
                nextTurn += 1
            }
        }
    }
}
