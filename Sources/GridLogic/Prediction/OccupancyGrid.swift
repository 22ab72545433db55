/// Which values were seen, on an axis that widens as it must: answers how far a value is from the nearest seen before,
/// in constant memory. Several sets of values (`rows`) share one axis.
///
/// Cells start fine, a 256th of the first difference seen, and double whenever a value falls off the end. So a grid of
/// 2,048 cells resolves at least a 1,000th of the range. It forgets nothing.
package struct OccupancyGrid: Sendable {
    private static let edgeOffset = 0.381_966

    /// A multiple of 128.
    private let cellCount: Int
    private let wordsPerRow: Int
    private var words: [UInt64]
    private var origin = 0.0
    /// In the unit of the values; 0 until two different values were seen.
    private var cellWidth = 0.0
    private var isEmpty = true

    package init(cellCount: Int, rows: Int = 1) {
        self.cellCount = cellCount
        wordsPerRow = cellCount / 64
        words = Array(repeating: 0, count: wordsPerRow * rows)
    }

    package var byteCount: Int { words.count * 8 }

    package mutating func insert(_ value: Double, row: Int = 0) {
        if isEmpty {
            origin = value
            isEmpty = false
        }
        if cellWidth == 0, value != origin {
            cellWidth = max(abs(value - origin) / 256, .leastNormalMagnitude)
            // Values are often multiples of one step: off the edges of cells, so that rounding does not matter.
            origin -= Self.edgeOffset * cellWidth
        }
        var cell = position(value)
        while !(cell >= 0 && cell < Double(cellCount)) {
            coarsen()
            cell = position(value)
        }
        set(Int(cell), row: row)
    }

    /// The distance from `value` to the nearest seen in any of `rows`, in the unit of the values; nil when nothing was.
    /// Exact to half a cell outside of what was seen, to a cell inside; 0 within a seen cell.
    package func distance(from value: Double, rows: some Sequence<Int> = CollectionOfOne(0)) -> Double? {
        let cell = position(value)
        var nearest = Double.infinity
        for row in rows { nearest = min(nearest, cellDistance(from: cell, row: row)) }
        guard nearest.isFinite else { return nil }
        return cellWidth == 0 ? abs(value - origin) : nearest * cellWidth
    }

    /// Adds what was seen in row `source` to row `target`, and empties `source`.
    package mutating func move(row source: Int, into target: Int) {
        for word in 0..<wordsPerRow {
            words[target * wordsPerRow + word] |= words[source * wordsPerRow + word]
            words[source * wordsPerRow + word] = 0
        }
    }

    private func position(_ value: Double) -> Double {
        cellWidth == 0 ? Double(cellCount / 2) : ((value - origin) / cellWidth).rounded(.down) + Double(cellCount / 2)
    }

    private mutating func set(_ cell: Int, row: Int) { words[row * wordsPerRow + cell >> 6] |= 1 << UInt64(cell & 63) }

    private func cellDistance(from cell: Double, row: Int) -> Double {
        let inside = Int(min(max(cell, 0), Double(cellCount - 1)))
        let below = lastSet(atOrBelow: inside, row: row)
        let above = firstSet(atOrAbove: inside, row: row)
        // Beyond the axis the distance goes on.
        let outside = abs(cell - Double(inside))
        var nearest = Double.infinity
        if let below { nearest = min(nearest, Double(inside - below)) }
        if let above { nearest = min(nearest, Double(above - inside)) }
        return nearest + outside
    }

    private func lastSet(atOrBelow cell: Int, row: Int) -> Int? {
        var word = cell >> 6
        var bits = words[row * wordsPerRow + word] & (.max >> UInt64(63 - cell & 63))
        while bits == 0 {
            word -= 1
            if word < 0 { return nil }
            bits = words[row * wordsPerRow + word]
        }
        return word << 6 + 63 - bits.leadingZeroBitCount
    }

    private func firstSet(atOrAbove cell: Int, row: Int) -> Int? {
        var word = cell >> 6
        var bits = words[row * wordsPerRow + word] & (.max << UInt64(cell & 63))
        while bits == 0 {
            word += 1
            if word == wordsPerRow { return nil }
            bits = words[row * wordsPerRow + word]
        }
        return word << 6 + bits.trailingZeroBitCount
    }

    /// Joins cells two by two about the middle of the axis.
    private mutating func coarsen() {
        let old = words
        let middle = cellCount / 2
        for index in words.indices { words[index] = 0 }
        for row in 0..<(words.count / wordsPerRow) {
            for word in 0..<wordsPerRow {
                var bits = old[row * wordsPerRow + word]
                while bits != 0 {
                    let cell = word << 6 + bits.trailingZeroBitCount
                    bits &= bits - 1
                    set(middle + (cell - middle) >> 1, row: row)
                }
            }
        }
        cellWidth *= 2
    }
}
