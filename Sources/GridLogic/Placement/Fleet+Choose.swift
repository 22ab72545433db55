import GridModel

/// A node, and the GPU a share is taken from when that was weighed.
package struct PlacementChoice: Sendable, Hashable {
    package var node: Int
    package var gpu: Int?
    /// What it costs the tasks to come, in GPUs; 0 when that was not weighed.
    package var stranded: Float = 0

    package init(node: Int, gpu: Int? = nil) {
        self.node = node
        self.gpu = gpu
    }
}

/// Which node a task gets. Of few nodes every one is looked at; of many as many are drawn, and all only when none of
/// those has room, so that a placement costs the same however large the grid is.
extension Fleet {
    /// Drawn where ranking one is cheap, and where it is not.
    private static let smallSample = 32
    private static let largeSample = 2_048

    /// Nil when no open node has room. `reluctance` says how unwelcome the task is on a node: less so goes first, whatever
    /// the policy, and nil is not at all.
    package mutating func choose(_ shape: Shape, reluctance: ((Int) -> Int?)? = nil) -> PlacementChoice? {
        if let pin = shape.pin {
            if let reluctance, reluctance(pin) == nil { return nil }
            return isOpen[pin] && ledgers[pin].fits(shape.resources) && isEligible(pin, constraint: shape.constraint)
                ? PlacementChoice(node: pin) : nil
        }
        return switch rule {
        case .balanced: choose(shape, BalancedPolicy(), reluctance)
        case .pack: choose(shape, PackPolicy(), reluctance)
        case .spread: choose(shape, SpreadPolicy(), reluctance)
        case .fragmentation: choose(shape, FragmentationPolicy(), reluctance)
        case .near: choose(shape, NearPolicy(), reluctance)
        }
    }

    @inline(__always)
    private mutating func choose(
        _ shape: Shape, _ policy: some PlacementPolicy, _ reluctance: ((Int) -> Int?)?
    ) -> PlacementChoice? {
        let number = index(for: shape)
        let isWeighed = policy.weighsStranding && !mix.imagined.isEmpty
        let size = isWeighed ? Self.largeSample : Self.smallSample
        let candidates = indices[number].candidates
        if candidates.count > size {
            let start = chance.below(candidates.count)
            let sample = isWeighed ? sampleInOrder(candidates, size, from: start) : drawn(candidates, size)
            if let choice = best(of: sample, shape, number, policy, isWeighed, reluctance) { return choice }
        }
        return best(of: candidates, shape, number, policy, isWeighed, reluctance)
    }

    private mutating func drawn(_ candidates: [Int32], _ size: Int) -> [Int32] {
        (0..<size).map { _ in candidates[chance.below(candidates.count)] }
    }

    private func sampleInOrder(_ candidates: [Int32], _ size: Int, from start: Int) -> [Int32] {
        (0..<size).map { candidates[(start + $0 * candidates.count / size) % candidates.count] }
    }

    @inline(__always)
    private mutating func best(
        of candidates: [Int32], _ shape: Shape, _ number: Int, _ policy: some PlacementPolicy, _ isWeighed: Bool,
        _ reluctance: ((Int) -> Int?)?
    ) -> PlacementChoice? {
        if isWeighed { weigh(candidates, shape, number) }
        var best: (choice: PlacementChoice, unwelcome: Int, rank: PlacementRank)?
        for candidate in candidates {
            let node = Int(candidate)
            var choice = PlacementChoice(node: node)
            if isWeighed {
                let entry = indices[number].entries[node]
                guard entry.stamp == stamps[node], entry.fits else { continue }
                if entry.gpu >= 0 { choice.gpu = Int(entry.gpu) }
                choice.stranded =
                    entry.stranded + scarcityCost(shape.resources, node, wholeAfter: Int(entry.wholeAfter))
            } else if !ledgers[node].fits(shape.resources) {
                continue
            }
            var unwelcome = 0
            if let reluctance {
                guard let found = reluctance(node) else { continue }
                unwelcome = found
            }
            let rank = policy.rank(candidateView(node, stranded: choice.stranded))
            if let best {
                if unwelcome != best.unwelcome {
                    guard unwelcome < best.unwelcome else { continue }
                } else {
                    guard rank < best.rank || rank == best.rank && name(node) < name(best.choice.node) else { continue }
                }
            }
            best = (choice, unwelcome, rank)
        }
        return best?.choice
    }

    /// Nodes with room in the order in which the policy would take them, 1,000 at most; for people. Works on a copy:
    /// looking changes neither what is drawn next nor what is remembered.
    func ranking(_ shape: Shape, reluctance: ((Int) -> Int?)?) -> [PlacementChoice] {
        var fleet = self
        var ranking: [PlacementChoice] = []
        while let choice = fleet.choose(shape, reluctance: reluctance) {
            ranking.append(choice)
            guard ranking.count < 1_000 else { break }
            fleet.setOpen(choice.node, false)
        }
        return ranking
    }

    func candidateView(_ node: Int, stranded: Float) -> PlacementCandidate {
        PlacementCandidate(
            stranded: stranded, load: ledgers[node].load, roundTripMicroseconds: ledgers[node].roundTripMicroseconds,
            lastPlaced: ledgers[node].lastPlaced, order: node)
    }

    private mutating func scarcityCost(_ request: ResourceRequest, _ node: Int, wholeAfter: Int) -> Float {
        guard request.asksForGPU else { return 0 }
        var after = shares[node]
        after.whole = wholeAfter
        let typical = Float(max(1, firstGPUUnits ?? 1))
        after.free -= request.gpus > 0 ? Float(request.gpus) : Float(request.gpuMemoryBytes) / typical
        return scarcity.cost(of: shares[node], becoming: after)
    }
}
