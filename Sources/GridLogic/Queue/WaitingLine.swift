/// The tasks of one shape that wait: for each client its own in the order of their virtual times, and the clients by
/// their claims. Every client that waits here has one claim that counts; it may have grown later since it was made,
/// which is found out when it comes up, so that serving a client costs the same in however many lines it waits.
struct WaitingLine: Sendable {
    private struct Share: Sendable {
        var heap = MinHeap<TaskQueue.Entry>()
        /// Numbers of tasks of the heap that were taken out from the middle.
        var removed: Set<UInt64> = []
        /// Of the claim that counts.
        var stamp: UInt64 = 0

        /// Afterwards the first of the heap is one that waits, if any does.
        mutating func dropRemoved() {
            while !removed.isEmpty, let first = heap.first, removed.remove(first.number) != nil { heap.removeFirst() }
            guard heap.count > 64, removed.count > heap.count / 2 else { return }
            let gone = removed
            heap.removeAll { gone.contains($0.number) }
            removed = []
        }
    }

    let shape: Shape
    /// Of all its tasks, where lines are kept by it.
    let priority: Int
    /// Why these wait, and whether any node could ever take them; found once for all.
    var reason = ""
    var possibility: TaskQueue.Possibility?
    private(set) var count = 0
    private var shares: [Int: Share] = [:]
    private var claims = MinHeap<ClientTurns.Claim>()
    private var lastStamp: UInt64 = 0

    init(shape: Shape, priority: Int) {
        self.shape = shape
        self.priority = priority
    }

    mutating func insert(_ entry: TaskQueue.Entry, of client: Int, _ turns: ClientTurns) {
        count += 1
        shares[client, default: Share()].heap.insert(entry)
        if shares[client]?.heap.first?.number == entry.number { claim(client, turns) }
    }

    /// Takes a task out that does not go to a node.
    mutating func remove(number: UInt64, of client: Int, _ turns: ClientTurns) {
        guard let first = shares[client]?.heap.first else { preconditionFailure("task \(number) does not wait here") }
        count -= 1
        shares[client]?.removed.insert(number)
        shares[client]?.dropRemoved()
        if first.number == number { claim(client, turns) }
    }

    /// Takes out the client's first.
    mutating func removeFirst(of client: Int, _ turns: ClientTurns) {
        count -= 1
        shares[client]?.heap.removeFirst()
        shares[client]?.dropRemoved()
        claim(client, turns)
    }

    func first(of client: Int) -> TaskQueue.Entry? { shares[client]?.heap.first }

    /// The least claim of those who wait.
    mutating func firstClaim(_ turns: ClientTurns) -> ClientTurns.Claim? {
        while let claim = claims.first {
            guard let head = head(of: claim) else {
                claims.removeFirst()
                continue
            }
            let current = turns.claim(claim.client, with: head, stamp: claim.stamp)
            if current == claim { return claim }
            claims.removeFirst()
            claims.insert(current)
        }
        return nil
    }

    /// Everything that waits here, with its client.
    var entries: [(entry: TaskQueue.Entry, client: Int)] {
        shares.flatMap { client, share in
            share.heap.elements.lazy.filter { !share.removed.contains($0.number) }.map { ($0, client) }
        }
    }

    /// How many of all have a lesser virtual time.
    func count(before entry: TaskQueue.Entry) -> Int {
        shares.values.reduce(0) { sum, share in
            sum + share.heap.elements.count { $0 < entry && !share.removed.contains($0.number) }
        }
    }

    /// How many of the client's have a lesser virtual time, of at most `limit` that are looked at.
    func count(before entry: TaskQueue.Entry, of client: Int, limit: Int, steps: inout Int) -> Int {
        guard let share = shares[client] else { return 0 }
        let looked = share.heap.elements.prefix(max(0, limit))
        steps += looked.count
        return looked.count { $0 < entry && !share.removed.contains($0.number) }
    }

    /// The client's first task is another than before.
    private mutating func claim(_ client: Int, _ turns: ClientTurns) {
        guard let head = first(of: client) else {
            shares[client] = nil
            if shares.isEmpty { claims = MinHeap() }
            return
        }
        lastStamp += 1
        shares[client]?.stamp = lastStamp
        claims.insert(turns.claim(client, with: head, stamp: lastStamp))
        guard claims.count > 64, claims.count > 2 * shares.count else { return }
        let shares = shares
        claims.removeAll { shares[$0.client]?.stamp != $0.stamp }
    }

    private func head(of claim: ClientTurns.Claim) -> TaskQueue.Entry? {
        guard let share = shares[claim.client], share.stamp == claim.stamp else { return nil }
        return share.heap.first
    }
}
