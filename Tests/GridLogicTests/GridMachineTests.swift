import GridLogic
import GridModel
import Testing

/// What transcripts cannot say well: hostile numbers, memory, many tasks, determinism.
@Suite struct GridMachineTests {
    private static let start = Moment(
        monotonic: MonotonicTime(nanoseconds: 0), wall: Timestamp(microseconds: 1_700_000_000_000_000))

    private static func moment(_ milliseconds: Int64) -> Moment {
        Moment(
            monotonic: MonotonicTime(nanoseconds: milliseconds * 1_000_000),
            wall: Timestamp(microseconds: start.wall.microseconds + milliseconds * 1_000))
    }

    private static let name = NodeName(checked: "n1")
    private static let session = SessionID(number: 1)

    private static func machine(
        _ inventory: NodeInventory = NodeInventory(cores: 4, memoryBytes: 8 << 30), settings: GridSettings = .init()
    ) -> GridMachine {
        var machine = GridMachine(settings: settings)
        var effects: [GridEffect] = []
        machine.apply(
            .nodeConnected(Node(name: name, inventory: inventory), session, attempts: []), at: start, into: &effects)
        return machine
    }

    private static func submit(_ spec: TaskSpec, _ machine: inout GridMachine) -> [GridEffect] {
        var effects: [GridEffect] = []
        machine.apply(.submit(spec, key: nil, RequestToken(number: 1)), at: start, into: &effects)
        return effects
    }

    @Test(arguments: [
        NodeInventory(cores: .max, memoryBytes: .max, diskBytes: .max),
        NodeInventory(cores: .min, memoryBytes: .min, diskBytes: .min),
        NodeInventory(
            cores: -1, memoryBytes: -1,
            gpus: (0..<10_000).map { GPU(index: .min, model: "", memoryBytes: $0 % 2 == 0 ? .max : .min) }),
    ]) func `a node may lie about what it has`(inventory: NodeInventory) throws {
        var machine = Self.machine(inventory)

        let view = try #require(machine.nodeView(Self.name, at: Self.start))
        #expect((1...4_096).contains(view.node.inventory.cores))
        #expect(view.node.inventory.memoryBytes >= 0 && view.node.inventory.gpus.count <= 64)
        for request in [
            ResourceRequest(cpuMillis: .max, memoryBytes: .max, gpus: .max, gpuMemoryBytes: .max),
            ResourceRequest(cpuMillis: .min, memoryBytes: .min, gpus: .min, gpuMemoryBytes: .min),
            ResourceRequest(cpuMillis: 1_000, gpuMemoryBytes: 1 << 44),
        ] {
            _ = Self.submit(TaskSpec(payload: .echo(""), resources: request), &machine)
        }
        let full = try #require(machine.nodeView(Self.name, at: Self.start))
        #expect(full.reserved.cpuMillis <= full.capacity.cpuMillis)
        #expect(full.reserved.memoryBytes <= full.capacity.memoryBytes)
    }

    @Test(arguments: [("NOT_SIGNED: this node runs signed tasks alone", true), ("there is no interpreter", false)])
    func `refusals for what a task is do not close its node to others`(error: String, staysOpen: Bool) throws {
        var machine = Self.machine()
        let other = NodeName(checked: "n2")
        let sessions = [Self.name: Self.session, other: SessionID(number: 2)]
        var effects: [GridEffect] = []
        machine.apply(
            .nodeConnected(
                Node(name: other, inventory: NodeInventory(cores: 4, memoryBytes: 8 << 30)), sessions[other]!,
                attempts: []), at: Self.start, into: &effects)
        func run(on node: NodeName, _ outcome: AttemptOutcome) -> Bool {
            let started = Self.submit(TaskSpec(payload: .echo(""), node: node), &machine)
            for case .order(node, let session, .start(let start)) in started {
                var effects: [GridEffect] = []
                machine.apply(
                    .reports(node, session, [.finished(start.ref, outcome)]), at: Self.start, into: &effects)
                return true
            }
            return false
        }

        for _ in 0..<6 {
            _ = run(on: Self.name, AttemptOutcome(end: .refused, error: error))
            #expect(run(on: other, AttemptOutcome(end: .succeeded, exitCode: 0)))
        }

        #expect(run(on: Self.name, AttemptOutcome(end: .succeeded, exitCode: 0)) == staysOpen)
    }

    @Test func `a node may lie about its labels and what is counted there, and is told of`() throws {
        var machine = Self.machine()
        var labels = Dictionary(uniqueKeysWithValues: (10..<80).map { ("l\($0)", "x") })
        labels["two words"] = "x"
        labels["long"] = String(repeating: "x", count: 129)
        labels["lines"] = "one\ntwo"
        let liar = Node(
            name: Self.name,
            inventory: NodeInventory(cores: 4, custom: ["a": .max, "b": .min, "c": 7, "": 1]), labels: labels)
        var effects: [GridEffect] = []

        machine.apply(
            .nodeConnected(liar, SessionID(number: 2), attempts: []), at: Self.moment(1), into: &effects)

        let node = try #require(machine.nodeView(Self.name, at: Self.moment(1))?.node)
        #expect(node.inventory.custom == ["a": 1_000_000, "b": 0, "c": 7])
        #expect(node.labels.keys.sorted() == (10..<74).map { "l\($0)" })
        let told = effects.filter { "\($0)".contains("isreported") }
        #expect(told.count == 2, "\(effects)")
    }

    @Test func `labels and counts are those of the newest hello`() throws {
        var machine = Self.machine()
        var effects: [GridEffect] = []
        let hellos: [(Int64, [String: String], [String: Int64])] = [
            (2, ["zone": "attic"], ["licence": 1]), (3, [:], [:]),
        ]
        for (number, labels, custom) in hellos {
            let hello = Node(
                name: Self.name, inventory: NodeInventory(cores: 4, custom: custom), labels: labels)
            machine.apply(
                .nodeConnected(hello, SessionID(number: UInt64(number)), attempts: []), at: Self.moment(number),
                into: &effects)

            let node = try #require(machine.nodeView(Self.name, at: Self.moment(number))?.node)
            #expect(node.labels == labels && node.inventory.custom == custom)
            #expect(effects.contains { if case .saveNode(let kept) = $0 { kept.labels == labels } else { false } })
        }
    }

    @Test(arguments: [Double.nan, .infinity, -.infinity, .greatestFiniteMagnitude, -1])
    func `a node may lie about how it is`(number: Double) throws {
        var machine = Self.machine()
        var effects: [GridEffect] = []
        let sample = NodeSample(
            cpuPercent: number, memoryPercent: number, memoryAvailableBytes: .min, load1: number,
            gpus: [GPUSample(index: 0, utilizationPercent: number, temperatureCelsius: number)],
            runningAttempts: .min, sentAt: Timestamp(microseconds: .min), roundTripMicroseconds: .min)

        machine.apply(.heartbeat(Self.name, Self.session, sample), at: Self.moment(10), into: &effects)

        let seen = try #require(machine.nodeView(Self.name, at: Self.moment(20))?.sample)
        #expect((0...100).contains(seen.cpuPercent) && (0...100).contains(seen.memoryPercent))
        #expect(seen.load1.isFinite && seen.load1 >= 0 && seen.runningAttempts == 0)
    }

    @Test(arguments: [Int64.max, Int64.max - 1, Int64.min, -1])
    func `absurd time-outs never trap`(milliseconds: Int64) {
        var machine = Self.machine()
        let spec = TaskSpec(
            payload: .echo(""), resources: ResourceRequest(cpuMillis: 3_000), timeoutMilliseconds: milliseconds,
            queueTimeoutMilliseconds: milliseconds)
        _ = Self.submit(spec, &machine)
        _ = Self.submit(spec, &machine)
        var effects: [GridEffect] = []
        let ref = AttemptRef(task: TaskID(number: 1), epoch: 1)
        machine.apply(.reports(Self.name, Self.session, [.started(ref)]), at: Self.moment(5), into: &effects)
        machine.apply(.tick, at: Self.moment(10), into: &effects)

        #expect(machine.liveTaskCount == 2)
    }

    @Test func `capacity that shrinks under what runs is kept until it ends`() throws {
        var machine = Self.machine(
            NodeInventory(cores: 8, memoryBytes: 8 << 30, gpus: [GPU(index: 0, model: "", memoryBytes: 8 << 30)]))
        let request = ResourceRequest(cpuMillis: 8_000, memoryBytes: 8 << 30, gpus: 1)
        _ = Self.submit(TaskSpec(payload: .echo(""), resources: request), &machine)
        var effects: [GridEffect] = []
        let ref = AttemptRef(task: TaskID(number: 1), epoch: 1)

        let smaller = Node(name: Self.name, inventory: NodeInventory(cores: 2, memoryBytes: 1 << 30))
        machine.apply(
            .nodeConnected(smaller, SessionID(number: 2), attempts: [ref]), at: Self.moment(1), into: &effects)

        let during = try #require(machine.nodeView(Self.name, at: Self.moment(1)))
        #expect(during.reserved == ResourceRequest(cpuMillis: 8_000, memoryBytes: 8 << 30, gpus: 1))
        #expect(during.capacity.cpuMillis == 8_000 && during.capacity.gpus == 1)
        machine.apply(
            .reports(Self.name, SessionID(number: 2), [.finished(ref, AttemptOutcome(end: .succeeded))]),
            at: Self.moment(2), into: &effects)
        let after = try #require(machine.nodeView(Self.name, at: Self.moment(2)))
        #expect(after.capacity == ResourceRequest(cpuMillis: 2_000, memoryBytes: 1 << 30))
        #expect(after.reserved == .none)
    }

    @Test func `the hot path of a durable task is short`() {
        var machine = Self.machine()
        let ref = AttemptRef(task: TaskID(number: 1), epoch: 1)

        let submitted = Self.submit(TaskSpec(payload: .echo("")), &machine)
        var started: [GridEffect] = []
        machine.apply(.reports(Self.name, Self.session, [.started(ref)]), at: Self.moment(1), into: &started)
        var finished: [GridEffect] = []
        let outcome = AttemptOutcome(end: .succeeded)
        machine.apply(.reports(Self.name, Self.session, [.finished(ref, outcome)]), at: Self.moment(2), into: &finished)

        #expect(submitted.map(\.kind) == ["save", "event", "event", "accepted", "order"])
        #expect(started.map(\.kind) == ["event", "changed"])
        #expect(finished.map(\.kind) == ["save", "event", "settled", "order"])
        #expect(machine.liveTaskCount == 0)
    }

    @Test func `a hundred thousand tasks wait for one core and leave nothing behind`() {
        var machine = Self.machine(NodeInventory(cores: 1, memoryBytes: 1 << 30))
        var effects: [GridEffect] = []
        let spec = TaskSpec(payload: .echo(""), resources: ResourceRequest(cpuMillis: 1_000))
        for number in 1...100_000 as ClosedRange<UInt64> {
            effects.removeAll(keepingCapacity: true)
            machine.apply(
                .submit(spec, key: "k\(number)", RequestToken(number: number)), at: Self.start, into: &effects)
        }
        #expect(machine.stateCounts == [.queued: 99_999, .assigned: 1])

        for number in 1...100_000 as ClosedRange<UInt64> {
            effects.removeAll(keepingCapacity: true)
            let ref = AttemptRef(task: TaskID(number: number), epoch: 1)
            machine.apply(
                .reports(Self.name, Self.session, [.finished(ref, AttemptOutcome(end: .succeeded))]),
                at: Self.moment(1), into: &effects)
        }

        #expect(machine.liveTaskCount == 0 && machine.stateCounts.isEmpty && machine.liveTask(forKey: "k5") == nil)
    }

    @Test func `many shapes are forgotten when they are idle`() {
        var machine = Self.machine(NodeInventory(cores: 4_096, memoryBytes: 1 << 40))
        for bytes in 1...5_000 as ClosedRange<Int64> {
            let effects = Self.submit(
                TaskSpec(payload: .echo(""), resources: ResourceRequest(memoryBytes: bytes)), &machine)
            #expect(effects.contains { $0.kind == "accepted" })
        }
    }

    @Test func `the coordinator's own sleep gives no node up`() {
        var machine = Self.machine()
        _ = Self.submit(TaskSpec(payload: .echo("")), &machine)
        var effects: [GridEffect] = []

        machine.apply(.tick, at: Self.moment(600_000), into: &effects)

        #expect(machine.nodeView(Self.name, at: Self.moment(600_000))?.liveness == .online)
        #expect(effects.isEmpty)
    }

    @Test func `retries wait longer each time, within the cap`() {
        var settings = GridSettings()
        let backoff = Backoff(settings)
        var chance = SplitMix64(seed: 3)

        #expect(
            (1...9).map { backoff.longestDelay(after: $0) } == [1, 2, 4, 8, 16, 32, 64, 100, 100].map { $0 * 1_000 })
        #expect(backoff.delay(after: 0, using: &chance) == 0)
        for count in [1, 2, 7, 50, .max] {
            for _ in 0..<100 {
                let delay = backoff.delay(after: count, using: &chance)
                #expect((backoff.shortestDelay(after: count)...backoff.longestDelay(after: count)).contains(delay))
            }
        }
        settings.backoffInitialMilliseconds = .max
        settings.jitterFraction = .nan
        #expect(Backoff(settings).delay(after: 9, using: &chance) == 100_000)
    }
}

extension GridEffect {
    /// The first word of what it says.
    fileprivate var kind: String { String(description.prefix { $0 != " " }) }
}
