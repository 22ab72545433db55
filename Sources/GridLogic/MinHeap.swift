/// A binary heap whose first element is the least. Adding what is greater than all before, the usual case here, is O(1).
package struct MinHeap<Element: Comparable & Sendable>: Sendable {
    package private(set) var elements: [Element] = []

    package var first: Element? { elements.first }
    package var count: Int { elements.count }
    package var isEmpty: Bool { elements.isEmpty }

    package init() {}

    package mutating func insert(_ element: Element) {
        elements.append(element)
        siftUp(from: elements.count - 1)
    }

    @discardableResult
    package mutating func removeFirst() -> Element {
        let first = elements[0]
        let last = elements.removeLast()
        if !elements.isEmpty {
            elements[0] = last
            siftDown(from: 0)
        }
        return first
    }

    /// Keeps those for which `isWanted` holds. O(n).
    package mutating func removeAll(where isUnwanted: (Element) -> Bool) {
        elements.removeAll(where: isUnwanted)
        for index in stride(from: elements.count / 2 - 1, through: 0, by: -1) { siftDown(from: index) }
    }

    private mutating func siftUp(from start: Int) {
        var index = start
        let element = elements[index]
        while index > 0 {
            let parent = (index - 1) / 2
            guard element < elements[parent] else { break }
            elements[index] = elements[parent]
            index = parent
        }
        elements[index] = element
    }

    private mutating func siftDown(from start: Int) {
        var index = start
        let element = elements[index]
        while true {
            var child = 2 * index + 1
            guard child < elements.count else { break }
            if child + 1 < elements.count, elements[child + 1] < elements[child] { child += 1 }
            guard elements[child] < element else { break }
            elements[index] = elements[child]
            index = child
        }
        elements[index] = element
    }
}
