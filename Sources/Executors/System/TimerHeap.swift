import GridModel

/// Keys by the time they are due. A key may be in it more than once: whoever takes it out checks whether it is meant.
struct TimerHeap: Sendable {
    private var heap: [(at: MonotonicTime, key: UInt64)] = []

    var next: MonotonicTime? { heap.first?.at }

    mutating func insert(_ key: UInt64, at time: MonotonicTime) {
        heap.append((time, key))
        var index = heap.count - 1
        while index > 0, heap[index].at < heap[(index - 1) / 2].at {
            heap.swapAt(index, (index - 1) / 2)
            index = (index - 1) / 2
        }
    }

    /// The most overdue key; nil when none is due.
    mutating func popDue(at now: MonotonicTime) -> UInt64? {
        guard let first = heap.first, first.at <= now else { return nil }
        let last = heap.removeLast()
        if !heap.isEmpty {
            heap[0] = last
            sink()
        }
        return first.key
    }

    private mutating func sink() {
        var index = 0
        while true {
            var smallest = index
            for child in [2 * index + 1, 2 * index + 2] where child < heap.count && heap[child].at < heap[smallest].at {
                smallest = child
            }
            if smallest == index { return }
            heap.swapAt(index, smallest)
            index = smallest
        }
    }
}
