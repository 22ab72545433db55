import GridModel

/// The tasks that wait for a node, by shape; within one by client, and of each client by virtual time: submitted less
/// priority × ageing. Since every waiting task ages alike, the order of a client's tasks never changes and nothing is
/// sorted again. Whose turn it is among the clients, `ClientTurns` says.
///
/// What is queued here is, at rest, of a shape that fits on no node, so a task that arrives for such a shape is just
/// put behind, and a node with new room looks only at the shapes. A million waiting tasks cost what a few shapes cost.
package struct TaskQueue: Sendable {
    package struct Entry: Comparable, Sendable {
        /// Microseconds: submitted less `advantage`.
        let virtualTime: Int64
        /// Priority × ageing, in microseconds.
        let advantage: Int64
        package let number: UInt64
        let slot: Int

        package init(virtualTime: Int64, advantage: Int64, number: UInt64, slot: Int) {
            self.virtualTime = virtualTime
            self.advantage = advantage
            self.number = number
            self.slot = slot
        }

        package static func < (left: Entry, right: Entry) -> Bool {
            (left.virtualTime, left.number) < (right.virtualTime, right.number)
        }
    }

    /// Whose turn it is.
    struct Next {
        let entry: Entry
        let line: Int
        fileprivate let client: Int
    }

    private struct LineKey: Hashable, Sendable {
        let shape: Shape
        let priority: Int
    }

    /// Whether a known node could ever take a shape, as found when the nodes were at `version`.
    struct Possibility: Sendable {
        let version: UInt64
        let isPossible: Bool
    }

    var lines: [WaitingLine] = []
    private var lineIndices: [LineKey: Int] = [:]
    private var freeLines: [Int] = []
    /// Lines that hold tasks.
    var waitingAnywhere: [Int] = []
    var waitingPinned: [Int: [Int]] = [:]
    var turns = ClientTurns()

    package private(set) var count = 0

    package init() {}

    /// The line of a shape, made when there is none; `priority` is 0 where lines are not kept by it.
    package mutating func line(of shape: Shape, priority: Int = 0) -> Int {
        let key = LineKey(shape: shape, priority: priority)
        if let index = lineIndices[key] { return index }
        if lineIndices.count >= 512, lineIndices.count > 2 * waitingLineCount { dropIdleLines() }
        let index: Int
        if let free = freeLines.popLast() {
            index = free
            lines[index] = WaitingLine(shape: shape, priority: priority)
        } else {
            index = lines.count
            lines.append(WaitingLine(shape: shape, priority: priority))
        }
        lineIndices[key] = index
        return index
    }

    func isWaiting(_ line: Int) -> Bool { lines[line].count > 0 }
    func shape(_ line: Int) -> Shape { lines[line].shape }

    func possibility(_ line: Int) -> Possibility? { lines[line].possibility }
    mutating func setPossibility(_ line: Int, _ possibility: Possibility) { lines[line].possibility = possibility }

    func reason(_ line: Int) -> String { lines[line].reason }
    mutating func setReason(_ line: Int, _ reason: String) { lines[line].reason = reason }

    package mutating func insert(_ entry: Entry, line: Int, client name: String) {
        let client = turns.client(name)
        turns.joined(client)
        lines[line].insert(entry, of: client, turns)
        count += 1
        guard lines[line].count == 1 else { return }
        if let pin = lines[line].shape.pin {
            waitingPinned[pin, default: []].append(line)
        } else {
            waitingAnywhere.append(line)
        }
    }

    /// Takes a task out that does not go to a node.
    package mutating func remove(number: UInt64, line: Int, client name: String) {
        let client = turns.client(name)
        turns.left(client)
        lines[line].remove(number: number, of: client, turns)
        taken(from: line)
    }

    /// The first of those waiting whose shape `node` may take, judged by `fits`. `time`: microseconds, now.
    package mutating func popFirst(for node: Int, at time: Int64, where fits: (Shape) -> Bool) -> Entry? {
        popFirst(of: (waitingAnywhere + (waitingPinned[node] ?? [])).filter { fits(lines[$0].shape) }, at: time)
    }

    /// Takes out everything that waits for `node` alone and forgets its shapes.
    mutating func removeAll(pinnedTo node: Int) -> [Entry] {
        var entries: [Entry] = []
        for line in waitingPinned.removeValue(forKey: node) ?? [] {
            for (entry, client) in lines[line].entries {
                entries.append(entry)
                turns.left(client)
            }
            count -= lines[line].count
            lines[line] = WaitingLine(shape: lines[line].shape, priority: lines[line].priority)
        }
        for (key, line) in lineIndices where key.shape.pin == node { drop(line) }
        return entries.sorted()
    }

    private var waitingLineCount: Int { waitingAnywhere.count + waitingPinned.count }

    /// The client with the least claim in any of these lines gives the first of its own in all of them.
    mutating func popFirst(of fitting: [Int], at time: Int64) -> Entry? {
        first(of: fitting).map { take($0, at: time) }
    }

    /// Lines that wait with a priority above `priority`, the most urgent first, at most `limit`. Where lines are kept by
    /// priority.
    func mostUrgent(above priority: Int, limit: Int) -> [(line: Int, priority: Int)] {
        let waiting = waitingAnywhere + waitingPinned.values.joined()
        let urgent = waiting.filter { lines[$0].priority > priority }
        return urgent.sorted { (lines[$1].priority, $0) < (lines[$0].priority, $1) }.prefix(limit)
            .map { ($0, lines[$0].priority) }
    }

    /// What `popFirst` would take.
    mutating func first(of fitting: [Int]) -> Next? {
        var claim: ClientTurns.Claim?
        for line in fitting {
            guard let other = lines[line].firstClaim(turns) else { continue }
            if claim.map({ other < $0 }) ?? true { claim = other }
        }
        guard let client = claim?.client else { return nil }
        var best: (line: Int, entry: Entry)?
        for line in fitting {
            guard let entry = lines[line].first(of: client) else { continue }
            if best.map({ entry < $0.entry }) ?? true { best = (line, entry) }
        }
        guard let best else { preconditionFailure("client \(client) claims and has nothing") }
        return Next(entry: best.entry, line: best.line, client: client)
    }

    /// The first of its client in its line gets its turn.
    mutating func take(_ next: Next, at time: Int64) -> Entry {
        turns.served(next.client, at: time)
        turns.left(next.client)
        lines[next.line].removeFirst(of: next.client, turns)
        taken(from: next.line)
        return next.entry
    }

    private mutating func taken(from line: Int) {
        count -= 1
        guard lines[line].count == 0 else { return }
        if let pin = lines[line].shape.pin {
            waitingPinned[pin]?.removeAll { $0 == line }
            if waitingPinned[pin]?.isEmpty == true { waitingPinned[pin] = nil }
        } else {
            waitingAnywhere.removeAll { $0 == line }
        }
    }

    private mutating func dropIdleLines() {
        for line in lineIndices.values.sorted() where lines[line].count == 0 { drop(line) }
    }

    private mutating func drop(_ line: Int) {
        lineIndices[LineKey(shape: lines[line].shape, priority: lines[line].priority)] = nil
        lines[line] = WaitingLine(shape: Shape(pin: nil, resources: .none, type: ""), priority: 0)
        freeLines.append(line)
    }
}
