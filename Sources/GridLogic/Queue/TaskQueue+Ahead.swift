/// What a waiting task has before it, for people: found with bounded work, since the grid stands still meanwhile.
extension TaskQueue {
    package struct Ahead: Sendable, Hashable {
        /// So many go before it; when not `isExact`, so many at the least.
        package var count: Int
        package var isExact: Bool

        package init(count: Int, isExact: Bool) {
            self.count = count
            self.isExact = isExact
        }
    }

    /// Lines looked at while the order is played forward: some microseconds for 100.
    package static let stepLimit = 8_192
    /// Tasks that are looked at, or copied for playing: some nanoseconds for each.
    package static let lookLimit = 131_072

    /// How many would be placed before this one if any node could take any of them and nothing else came. Exact where
    /// the limits allow; beyond them, what was counted by then. `steps` counts what was done against the limits.
    package func ahead(of entry: Entry, client name: String, at time: Int64, steps: inout Int) -> Ahead {
        let waiting = waitingAnywhere + waitingPinned.values.joined()
        guard count <= Self.lookLimit else { return ownAhead(of: entry, client: name, waiting, steps: &steps) }
        var queue = self
        var ahead = 0
        while queue.turns.waitingCount > 1 {
            steps += waiting.count
            guard steps <= Self.stepLimit else { return Ahead(count: ahead, isExact: false) }
            guard let first = queue.popFirst(of: waiting, at: time) else { break }
            if first.number == entry.number { return Ahead(count: ahead, isExact: true) }
            ahead += 1
        }
        steps += queue.count
        return Ahead(
            count: waiting.reduce(ahead) { $0 + queue.lines[$1].count(before: entry) }, isExact: true)
    }

    /// Of the client's own tasks those that are older or more urgent go before it, whoever else waits.
    private func ownAhead(of entry: Entry, client name: String, _ waiting: [Int], steps: inout Int) -> Ahead {
        guard let client = turns.known(name) else { return Ahead(count: 0, isExact: false) }
        var ahead = 0
        for line in waiting {
            steps += 1
            guard steps < Self.lookLimit else { break }
            ahead += lines[line].count(before: entry, of: client, limit: Self.lookLimit - steps, steps: &steps)
        }
        return Ahead(count: ahead, isExact: turns.waitingCount == 1 && steps < Self.lookLimit)
    }
}
