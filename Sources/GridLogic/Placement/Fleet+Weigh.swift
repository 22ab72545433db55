import GridModel

/// What placements would strand, found out for as many nodes as there is time for and remembered.
extension Fleet {
    /// Rooms filled in imagination for one placement at most: some hundreds of microseconds. What is not found out in
    /// time is left out this time, and nodes are begun with at a place drawn by chance, so that none is left out always.
    private static let fillingLimit = 96
    /// Entries in all indices together; beyond, what was used longest ago is forgotten.
    private static let entryLimit = 2 << 20

    /// The index of a shape, up to date with the nodes.
    mutating func index(for shape: Shape) -> Int {
        let number = indexNumbers[shape] ?? makeIndex(for: shape)
        placements += 1
        indices[number].lastUsed = placements
        let seen = indices[number].seenChanges
        if seen < 0 || changes.count - seen > count / 2 + 16 {
            let constraint = constraint(shape.constraint)
            indices[number].candidates = (0..<count).filter { couldTake(shape, $0, constraint) }.map { Int32($0) }
        } else if seen < changes.count {
            let constraint = constraint(shape.constraint)
            for change in changes[seen...] {
                update(number, Int(change), isCandidate: couldTake(shape, Int(change), constraint))
            }
        }
        indices[number].seenChanges = changes.count
        return number
    }

    private func couldTake(_ shape: Shape, _ node: Int, _ constraint: Constraint?) -> Bool {
        isOpen(node) && ledgers[node].couldFit(shape.resources) && admits(shape, on: node)
            && constraint?.isSatisfied(by: record(node)) ?? true
    }

    private mutating func update(_ number: Int, _ node: Int, isCandidate: Bool) {
        let list = indices[number].candidates
        var (low, high) = (0, list.count)
        while low < high {
            let middle = (low + high) / 2
            if list[middle] < Int32(node) { low = middle + 1 } else { high = middle }
        }
        let isListed = low < list.count && list[low] == Int32(node)
        if isCandidate, !isListed {
            indices[number].candidates.insert(Int32(node), at: low)
        } else if !isCandidate, isListed {
            indices[number].candidates.remove(at: low)
        }
    }

    private mutating func makeIndex(for shape: Shape) -> Int {
        if indices.count >= 64, indices.count * max(count, 64) > Self.entryLimit { dropOldIndices() }
        indices.append(ShapeIndex(shape: shape))
        indexNumbers[shape] = indices.count - 1
        return indices.count - 1
    }

    private mutating func dropOldIndices() {
        indices.sort { $0.lastUsed > $1.lastUsed }
        indices.removeLast(indices.count / 2)
        indexNumbers = Dictionary(uniqueKeysWithValues: indices.enumerated().map { ($1.shape, $0) })
    }

    /// Finds out for these nodes what the shape would strand, the unknown before the outdated.
    mutating func weigh(_ candidates: [Int32], _ shape: Shape, _ number: Int) {
        if indices[number].entries.count < count {
            let missing = count - indices[number].entries.count
            indices[number].entries += Array(repeating: ShapeIndex.Entry(), count: missing)
        }
        var unknown: [Int32] = []
        var outdated: [Int32] = []
        for candidate in candidates {
            let node = Int(candidate)
            let entry = indices[number].entries[node]
            if entry.stamp != stamps[node] {
                if ledgers[node].fits(shape.resources) {
                    unknown.append(candidate)
                } else {
                    indices[number].entries[node].stamp = stamps[node]
                    indices[number].entries[node].fits = false
                }
            } else if entry.fits, entry.generation != mix.generation {
                outdated.append(candidate)
            }
        }
        let limit = value.fillings + Self.fillingLimit
        weigh(&unknown, shape, number, until: limit)
        weigh(&outdated, shape, number, until: limit)
    }

    private mutating func weigh(_ nodes: inout [Int32], _ shape: Shape, _ number: Int, until limit: Int) {
        guard !nodes.isEmpty else { return }
        let start = chance.below(nodes.count)
        for step in nodes.indices {
            guard value.fillings < limit || step == 0 else { return }
            let node = Int(nodes[(start + step) % nodes.count])
            indices[number].entries[node] = entry(shape.resources, node)
        }
    }

    private mutating func entry(_ request: ResourceRequest, _ node: Int) -> ShapeIndex.Entry {
        let room = Room(ledgers[node], eligibility: eligibilities[node])
        var entry = ShapeIndex.Entry(
            stamp: stamps[node], generation: mix.generation, fits: true, wholeAfter: Int8(room.wholeGPUs))
        guard room.count > 0 else { return entry }
        let before = value.leftover(room, mix)
        if request.gpuMemoryBytes > 0, request.gpus == 0 {
            entry.stranded = .infinity
            for (gpu, use) in ledgers[node].gpus.prefix(Room.gpuLimit).enumerated()
            where ledgers[node].shareFits(request, on: use) && !isRepeated(gpu, ledgers[node].gpus) {
                var after = room
                after.take(request, freeUnits: use.isFree ? Float(use.units) : Float(use.freeUnits))
                let stranded = value.leftover(after, mix) - before
                guard stranded < entry.stranded else { continue }
                entry.stranded = stranded
                entry.gpu = Int8(gpu)
                entry.wholeAfter = Int8(after.wholeGPUs)
            }
            if entry.gpu < 0 { entry.stranded = 0 }
        } else {
            var after = room
            after.take(request, freeUnits: 0)
            entry.stranded = value.leftover(after, mix) - before
            entry.wholeAfter = Int8(after.wholeGPUs)
        }
        return entry
    }

    /// Whether an earlier GPU is in the same state.
    private func isRepeated(_ gpu: Int, _ gpus: [Ledger.GPUUse]) -> Bool {
        gpus[..<gpu].contains {
            $0.freeUnits == gpus[gpu].freeUnits && $0.units == gpus[gpu].units && $0.isFree == gpus[gpu].isFree
        }
    }
}
