import GridModel

/// Which nodes satisfy what tasks demand of them.
extension Fleet {
    private static let readLimit = 1_024

    /// Nil when it is empty or cannot be read: requests are checked before they get here.
    mutating func constraint(_ text: String) -> Constraint? {
        guard !text.isEmpty else { return nil }
        if let known = readConstraints[text] { return known }
        guard let constraint = try? Constraint(text) else { return nil }
        if readConstraints.count >= Self.readLimit { readConstraints.removeAll() }
        readConstraints[text] = constraint
        return constraint
    }

    package func isEligible(_ node: Int, constraint text: String) -> Bool {
        guard !text.isEmpty, let constraint = readConstraints[text] ?? (try? Constraint(text)) else { return true }
        return constraint.isSatisfied(by: records[node])
    }

    /// Whether the task need not be refused for want of a signature. Who names the node gets its own word.
    func admits(_ shape: Shape, on node: Int) -> Bool {
        shape.isSigned || shape.pin != nil || !record(node).inventory.requiresSignatures
    }

    /// Whether the node, open or not, has room for it now.
    package func fits(_ shape: Shape, on node: Int) -> Bool {
        if let pin = shape.pin, pin != node { return false }
        return ledgers[node].fits(shape.resources) && isEligible(node, constraint: shape.constraint)
            && admits(shape, on: node)
    }

    /// Whether it would take it if nothing else were there.
    package func couldFit(_ shape: Shape, on node: Int) -> Bool {
        ledgers[node].couldFit(shape.resources) && isEligible(node, constraint: shape.constraint)
            && admits(shape, on: node)
    }

    func eligibility(of node: Int) -> UInt64 {
        var bits: UInt64 = 1
        for (index, text) in knownConstraints.enumerated() where isEligible(node, constraint: text) {
            bits |= 2 << UInt64(index)
        }
        return bits
    }

    /// The bit by which the estimates know the constraint; that of no constraint when there are too many to tell apart.
    private mutating func bit(of text: String) -> UInt64 {
        guard let constraint = constraint(text) else { return 1 }
        if let index = knownConstraints.firstIndex(of: text) { return 2 << UInt64(index) }
        guard knownConstraints.count < UInt64.bitWidth - 1 else { return 1 }
        let bit: UInt64 = 2 << UInt64(knownConstraints.count)
        knownConstraints.append(text)
        for node in 0..<count where constraint.isSatisfied(by: records[node]) {
            setEligibility(node, eligibilities[node] | bit)
        }
        return bit
    }

    /// A task came. What asks for GPUs is remembered, unless it can go to one node only: the others need not expect it.
    package mutating func learn(_ shape: Shape) {
        let request = shape.resources
        guard request.asksForGPU, shape.pin == nil else { return }
        let bit = bit(of: shape.constraint)
        let imagined = TaskMix.ImaginedTask(
            cpuMillis: Float(request.cpuMillis), memoryBytes: Float(request.memoryBytes),
            shareUnits: request.gpus > 0 ? 0 : Float(request.gpuMemoryBytes), wholeGPUs: Int32(request.gpus),
            constraintBit: bit)
        if mix.learn(imagined, using: &chance) { value.forget() }
        let amount =
            request.gpus > 0 ? Double(request.gpus) : Double(request.gpuMemoryBytes) / max(1, typicalGPUUnits)
        scarcity.learn(constraintBit: bit, gpus: request.gpus, amount: amount) { counts in
            shares.reduce(0) { $0 + (counts($1) ? Double($1.free) : 0) }
        }
    }

    /// Of the first GPU there is: shares are counted in units of one.
    private var typicalGPUUnits: Double {
        if let known = firstGPUUnits { return Double(known) }
        return 1
    }
}
