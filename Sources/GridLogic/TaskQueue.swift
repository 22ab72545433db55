import GridModel

/// The tasks that wait for a node, by shape and, within one, by virtual time: submitted less priority × ageing. Since
/// every waiting task ages alike, the order never changes and nothing is sorted again.
///
/// What is queued here is, at rest, of a shape that fits on no node, so a task that arrives for such a shape is just
/// put behind, and a node with new room looks only at the shapes. A million waiting tasks cost what a few shapes cost.
struct TaskQueue: Sendable {
    struct Entry: Comparable, Sendable {
        /// Microseconds.
        let virtualTime: Int64
        let number: UInt64
        let slot: Int

        static func < (left: Entry, right: Entry) -> Bool {
            (left.virtualTime, left.number) < (right.virtualTime, right.number)
        }
    }

    private struct Line: Sendable {
        let shape: Shape
        var heap = MinHeap<Entry>()
        /// Those of the heap that were not removed.
        var count = 0
        /// Why these wait, and whether any node could ever take them; found once for all.
        var reason = ""
        var possibility: Possibility?
    }

    /// Whether a known node could ever take a shape, as found when the nodes were at `version`.
    struct Possibility: Sendable {
        let version: UInt64
        let isPossible: Bool
    }

    private var lines: [Line] = []
    private var lineIndices: [Shape: Int] = [:]
    private var freeLines: [Int] = []
    /// Lines that hold tasks.
    private var waitingAnywhere: [Int] = []
    private var waitingPinned: [Int: [Int]] = [:]
    /// Numbers of tasks that were taken out from the middle.
    private var removed: Set<UInt64> = []
    private(set) var count = 0

    /// The line of a shape, made when there is none.
    mutating func line(of shape: Shape) -> Int {
        if let index = lineIndices[shape] { return index }
        if lineIndices.count >= 512, lineIndices.count > 2 * waitingLineCount { dropIdleLines() }
        let index: Int
        if let free = freeLines.popLast() {
            index = free
            lines[index] = Line(shape: shape)
        } else {
            index = lines.count
            lines.append(Line(shape: shape))
        }
        lineIndices[shape] = index
        return index
    }

    func isWaiting(_ line: Int) -> Bool { lines[line].count > 0 }
    func shape(_ line: Int) -> Shape { lines[line].shape }

    func possibility(_ line: Int) -> Possibility? { lines[line].possibility }
    mutating func setPossibility(_ line: Int, _ possibility: Possibility) { lines[line].possibility = possibility }

    func reason(_ line: Int) -> String { lines[line].reason }
    mutating func setReason(_ line: Int, _ reason: String) { lines[line].reason = reason }

    mutating func insert(_ entry: Entry, line: Int) {
        lines[line].heap.insert(entry)
        lines[line].count += 1
        count += 1
        guard lines[line].count == 1 else { return }
        if let pin = lines[line].shape.pin {
            waitingPinned[pin, default: []].append(line)
        } else {
            waitingAnywhere.append(line)
        }
    }

    /// Takes a task out that does not go to a node.
    mutating func remove(number: UInt64, line: Int) {
        removed.insert(number)
        taken(from: line)
        guard lines[line].count > 0, lines[line].heap.count > 64, lines[line].heap.count > 2 * lines[line].count else {
            return
        }
        lines[line].heap.removeAll { removed.remove($0.number) != nil }
    }

    /// The first of those waiting whose shape `node` may take, judged by `fits`.
    mutating func popFirst(for node: Int, where fits: (Shape) -> Bool) -> Entry? {
        var best: (line: Int, entry: Entry)?
        for line in waitingAnywhere { consider(line, fits, &best) }
        for line in waitingPinned[node] ?? [] { consider(line, fits, &best) }
        guard let best else { return nil }
        lines[best.line].heap.removeFirst()
        taken(from: best.line)
        return best.entry
    }

    /// Takes out everything that waits for `node` alone and forgets its shapes.
    mutating func removeAll(pinnedTo node: Int) -> [Entry] {
        var entries: [Entry] = []
        for line in waitingPinned.removeValue(forKey: node) ?? [] {
            let waiting = lines[line].heap.elements.filter { removed.remove($0.number) == nil }
            entries += waiting
            count -= waiting.count
            lines[line].count = 0
        }
        for (shape, line) in lineIndices where shape.pin == node { drop(line) }
        return entries.sorted()
    }

    /// The shapes that wait and the number of tasks of each: for checks and for people.
    var waitingShapes: [(shape: Shape, count: Int)] {
        lines.filter { $0.count > 0 }.map { ($0.shape, $0.count) }
    }

    /// Of those that wait, how many `isWanted` holds for. O(n).
    func count(where isWanted: (Entry) -> Bool) -> Int {
        lines.reduce(0) { sum, line in
            sum + line.heap.elements.count { !removed.contains($0.number) && isWanted($0) }
        }
    }

    private var waitingLineCount: Int { waitingAnywhere.count + waitingPinned.count }

    private mutating func consider(
        _ line: Int, _ fits: (Shape) -> Bool, _ best: inout (line: Int, entry: Entry)?
    ) {
        guard fits(lines[line].shape), let head = head(of: line) else { return }
        if let best, best.entry < head { return }
        best = (line, head)
    }

    private mutating func head(of line: Int) -> Entry? {
        while let head = lines[line].heap.first {
            guard !removed.isEmpty, removed.remove(head.number) != nil else { return head }
            lines[line].heap.removeFirst()
        }
        return nil
    }

    private mutating func taken(from line: Int) {
        count -= 1
        lines[line].count -= 1
        guard lines[line].count == 0 else { return }
        for entry in lines[line].heap.elements { removed.remove(entry.number) }
        lines[line].heap = MinHeap()
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
        lineIndices[lines[line].shape] = nil
        lines[line] = Line(shape: Shape(pin: nil, resources: .none, type: ""))
        freeLines.append(line)
    }
}
