import GridLogic
import GridModel

/// Drives the bare machine through the life of many durable tasks (submit, start, finish) with nothing around it, for
/// whoever measures what a task costs there. It keeps so many in flight, over nodes that say every half second of
/// virtual time that they are there.
package struct HotPath {
    private var machine: GridMachine
    private var effects: [GridEffect] = []
    private var inFlight: [(AttemptRef, NodeName, Int)] = []
    private var oldest = 0
    private let names: [NodeName]
    private var now: Int64 = 0
    private var spec = TaskSpec(payload: .echo("x"))

    package init(nodes: Int) {
        machine = GridMachine(settings: GridSettings())
        names = (0..<max(1, nodes)).map { Scenario.nodeName($0) }
        for (index, name) in names.enumerated() {
            let node = Node(name: name, inventory: NodeInventory(cores: 16, memoryBytes: 64 << 30))
            apply(.nodeConnected(node, SessionID(number: UInt64(index + 1)), attempts: []))
        }
        spec.timeoutMilliseconds = 60_000
    }

    /// Returns how many effects there were.
    package mutating func run(tasks: Int, inFlight limit: Int) -> Int {
        var count = 0
        for number in 0..<tasks {
            now += 50
            if number % 10_000 == 0 { beat() }
            count += apply(.submit(spec, key: nil, RequestToken(number: UInt64(number))))
            if inFlight.count - oldest >= limit { count += finishOldest() }
        }
        while oldest < inFlight.count { count += finishOldest() }
        return count
    }

    private mutating func finishOldest() -> Int {
        let (ref, node, index) = inFlight[oldest]
        oldest += 1
        if oldest == 4_096 {
            inFlight.removeFirst(oldest)
            oldest = 0
        }
        let session = SessionID(number: UInt64(index))
        return apply(.reports(node, session, [.started(ref)]))
            + apply(.reports(node, session, [.finished(ref, AttemptOutcome(end: .succeeded, exitCode: 0))]))
    }

    private mutating func beat() {
        for (index, name) in names.enumerated() {
            apply(.heartbeat(name, SessionID(number: UInt64(index + 1)), NodeSample()))
        }
    }

    @discardableResult
    private mutating func apply(_ input: GridInput) -> Int {
        let moment = Moment(
            monotonic: MonotonicTime(nanoseconds: now * 1_000), wall: Timestamp(microseconds: now))
        effects.removeAll(keepingCapacity: true)
        machine.apply(input, at: moment, into: &effects)
        for case .order(let name, let session, .start(let start)) in effects {
            inFlight.append((start.ref, name, Int(session.number)))
        }
        return effects.count
    }
}
