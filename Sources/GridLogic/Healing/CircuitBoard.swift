import GridModel

/// For every node and task type whether attempts that begin there have any use.
///
/// `closed → open` when enough of them failed in a row while the same type succeeded elsewhere meanwhile: a task that
/// is wrong fails everywhere and opens nothing. `open → halfOpen` after a delay that doubles with every opening: one
/// attempt may try. It succeeds: closed. It fails: open again. (Nygard, "Release It!", 2007.)
///
/// What succeeds costs one look into an empty table.
struct CircuitBoard: Sendable {
    struct Key: Hashable, Sendable {
        let node: Int
        let type: String
    }

    struct Circuit: Sendable {
        enum Phase: Hashable, Sendable {
            case closed
            case open(until: MonotonicTime)
            /// Nil: the one attempt is still to be placed.
            case halfOpen(AttemptRef?)
        }

        var phase = Phase.closed
        var failures = 0
        var refusals = 0
        /// Successes of the type, anywhere, before the first failure of the row.
        var successesBefore: UInt64 = 0
        var trips = 0
    }

    private var circuits: [Key: Circuit] = [:]
    private var successes: [String: UInt64] = [:]
    /// Circuits that are not closed.
    private var barred = 0

    var isAllClosed: Bool { barred == 0 }

    func admits(_ type: String, on node: Int) -> Bool {
        guard barred > 0, let circuit = circuits[Key(node: node, type: type)] else { return true }
        switch circuit.phase {
        case .closed, .halfOpen(nil): return true
        case .open, .halfOpen: return false
        }
    }

    /// The attempt that a half-open circuit waits for, if it is one.
    mutating func placed(_ ref: AttemptRef, _ type: String, on node: Int) {
        let key = Key(node: node, type: type)
        guard barred > 0, circuits[key]?.phase == .halfOpen(nil) else { return }
        circuits[key]?.phase = .halfOpen(ref)
    }

    /// An attempt succeeded. True: that closed a circuit.
    mutating func succeeded(_ type: String, on node: Int) -> Bool {
        successes[type, default: 0] += 1
        guard !circuits.isEmpty, let circuit = circuits.removeValue(forKey: Key(node: node, type: type)) else {
            return false
        }
        if circuit.phase != .closed { barred -= 1 }
        return circuit.phase != .closed
    }

    /// An attempt ended in a way that says nothing of the type: the next may try.
    mutating func wasted(_ ref: AttemptRef, _ type: String, on node: Int) {
        let key = Key(node: node, type: type)
        if barred > 0, circuits[key]?.phase == .halfOpen(ref) { circuits[key]?.phase = .halfOpen(nil) }
    }

    /// An attempt failed, or was refused. True: the circuit should open, unless nothing else takes the type.
    mutating func failed(
        _ ref: AttemptRef, _ type: String, on node: Int, isRefusal: Bool, _ settings: GridSettings
    ) -> Bool {
        var circuit = circuits[Key(node: node, type: type)] ?? Circuit()
        if circuit.failures + circuit.refusals == 0 { circuit.successesBefore = successes[type] ?? 0 }
        if isRefusal { circuit.refusals += 1 } else { circuit.failures += 1 }
        circuits[Key(node: node, type: type)] = circuit
        if circuit.phase == .halfOpen(ref) { return true }
        let isProven = (successes[type] ?? 0) > circuit.successesBefore
        let isEnough = circuit.failures >= settings.circuitFailures || circuit.refusals >= settings.circuitRefusals
        return circuit.phase == .closed && isProven && isEnough
    }

    /// Opens the circuit; for how many milliseconds, and after how many failures.
    mutating func open(
        _ type: String, on node: Int, at now: MonotonicTime, _ settings: GridSettings
    ) -> (milliseconds: Int64, failures: Int) {
        var circuit = circuits[Key(node: node, type: type)] ?? Circuit()
        let delay = min(
            settings.circuitFirstMilliseconds.multipliedSaturated(by: 1 << Int64(min(circuit.trips, 30))),
            max(1, settings.circuitLimitMilliseconds))
        if circuit.phase == .closed { barred += 1 }
        circuit.trips += 1
        circuit.phase = .open(until: now.advanced(byMilliseconds: delay))
        circuits[Key(node: node, type: type)] = circuit
        return (delay, circuit.failures + circuit.refusals)
    }

    /// If a trial failed and there is nothing else: the type goes on here. True: that closed a circuit.
    mutating func close(_ type: String, on node: Int) -> Bool {
        let key = Key(node: node, type: type)
        guard let circuit = circuits[key], circuit.phase != .closed else { return false }
        circuits[key] = nil
        barred -= 1
        return true
    }

    /// Half-opens what is due; their nodes, in order.
    mutating func halfOpen(at now: MonotonicTime) -> [Int] {
        guard barred > 0 else { return [] }
        var nodes: Set<Int> = []
        for (key, circuit) in circuits {
            guard case .open(let until) = circuit.phase, until <= now else { continue }
            circuits[key]?.phase = .halfOpen(nil)
            nodes.insert(key.node)
        }
        return nodes.sorted()
    }

    /// The node is gone, or its owner says that all is well.
    mutating func clear(node: Int) -> [String] {
        guard !circuits.isEmpty else { return [] }
        var closed: [String] = []
        for (key, circuit) in circuits where key.node == node {
            if circuit.phase != .closed {
                barred -= 1
                closed.append(key.type)
            }
            circuits[key] = nil
        }
        return closed.sorted()
    }

    /// Types that the node is not given at the moment.
    func barred(on node: Int) -> [String] {
        guard barred > 0 else { return [] }
        return circuits.compactMap { key, circuit in
            if key.node == node, case .open = circuit.phase { key.type } else { nil }
        }.sorted()
    }
}
