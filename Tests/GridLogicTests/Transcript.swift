import GridLogic
import GridModel

/// Plays a transcript: every line that begins with `@` is a moment in milliseconds and what happens then; the lines
/// under it are what the machine said. Playing writes the same text again, with what the machine really says; the two
/// are compared. Between two moments the machine is ticked whenever it is due, and nodes named by `beat` say every
/// 500 ms that they are there; that is shown only when it has effects.
struct Transcript {
    private(set) var text = ""
    private var machine: GridMachine
    private var settings: GridSettings
    private var now: Int64 = 0
    /// What the monotonic clock did not count: milliseconds.
    private var wallShift: Int64 = 0
    private var beating: [String: UInt64] = [:]
    /// What the nodes that beat say of their memory in use: percent.
    private var pressing: [String: Double] = [:]
    private var tokenCount: UInt64 = 0
    /// What a store would have: for `restart`.
    private var kept: [TaskID: GridTask] = [:]
    private var keptNodes: [NodeName: Node] = [:]
    private var lastEvent: UInt64 = 0

    static func replay(_ source: String) -> String {
        var transcript = Transcript()
        for line in source.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix("#") || line.isEmpty {
                transcript.text += line + "\n"
            } else if line.hasPrefix("@") {
                transcript.play(String(line))
            }
        }
        while transcript.text.hasSuffix("\n\n") { transcript.text.removeLast() }
        return transcript.text
    }

    private init() {
        settings = GridSettings()
        machine = GridMachine(settings: settings)
    }

    private mutating func play(_ line: String) {
        let words = Words(line)
        pass(until: words.milliseconds)
        text += line + "\n"
        switch words.verb {
        case "settings": configure(words)
        case "sleep": wallShift += words.number("ms") ?? 0
        case "beat": for name in words.names { beating[name] = words.session(of: name) }
        case "hush": for name in words.names { beating[name] = nil }
        case "restart": restart()
        case "press": for name in words.names { pressing[name] = words.number("percent").map { Double($0) } }
        case "wait": break
        case "why": text += Self.lines(machine.why(TaskID(number: UInt64(words.names[0].dropFirst())!)))
        case "plan": text += Self.plan(words, machine)
        case "nodes": for view in machine.nodeViews(at: moment) { text += "  \(Self.line(view))\n" }
        default: apply(words.input(token: makeToken()))
        }
    }

    private mutating func configure(_ words: Words) {
        if let value = words.number("lost_attempt_limit") { settings.lostAttemptLimit = Int(value) }
        if let value = words.number("max_live_tasks") { settings.maxLiveTasks = Int(value) }
        if let value = words.number("max_live_per_client") { settings.maxLiveTasksPerClient = Int(value) }
        if let value = words.number("max_attempts_per_node") { settings.maxAttemptsPerNode = Int(value) }
        if let rule = words.rule { settings.risk = rule }
        if let value = words.number("jitter_percent") { settings.jitterFraction = Double(value) / 100 }
        if let value = words.number("fair_share") { settings.fairShare = value != 0 }
        if let value = words.number("preempt") { settings.preempts = value != 0 }
        if let value = words.number("preemption_limit") { settings.preemptionLimit = Int(value) }
        if let value = words.number("preemption_least") { settings.preemptionLeast = Int(value) }
        machine = GridMachine(settings: settings)
    }

    private mutating func restart() {
        machine = GridMachine(settings: settings)
        beating = [:]
        machine.recover(
            tasks: kept.values.sorted { $0.id < $1.id }, nodes: keptNodes.values.sorted { $0.name < $1.name },
            nextTaskNumber: (kept.keys.max()?.number ?? 0) + 1, nextEventNumber: lastEvent + 1, at: moment)
    }

    private mutating func pass(until time: Int64) {
        while true {
            let nextBeat = beating.isEmpty ? Int64.max : (now / 500 + 1) * 500
            let nextTick = machine.nextDeadline.map { max(now, ($0.nanoseconds + 999_999) / 1_000_000) } ?? .max
            let next = min(nextBeat, nextTick)
            guard next <= time else { break }
            now = next
            if nextTick == next { apply(.tick, isQuiet: true) }
            guard nextBeat == next else { continue }
            for (name, session) in beating.sorted(by: { $0.key < $1.key }) {
                let sample = NodeSample(memoryPercent: pressing[name] ?? 0)
                let input = GridInput.heartbeat(NodeName(checked: name), SessionID(number: session), sample)
                apply(input, isQuiet: true)
            }
        }
        now = max(now, time)
    }

    private mutating func apply(_ input: GridInput, isQuiet: Bool = false) {
        var effects: [GridEffect] = []
        machine.apply(input, at: moment, into: &effects)
        if isQuiet, !effects.isEmpty { text += "(\(now) \(input))\n" }
        for effect in effects {
            text += "  \(effect)\n"
            keep(effect)
        }
    }

    private mutating func keep(_ effect: GridEffect) {
        switch effect {
        case .saveTask(let task): kept[task.id] = task
        case .saveNode(let node): keptNodes[node.name] = node
        case .deleteNode(let name): keptNodes[name] = nil
        case .emit(let event): lastEvent = event.number
        default: break
        }
    }

    private mutating func makeToken() -> RequestToken {
        tokenCount += 1
        return RequestToken(number: tokenCount)
    }

    private var moment: Moment {
        Moment(
            monotonic: MonotonicTime(nanoseconds: now * 1_000_000),
            wall: Timestamp(microseconds: 1_700_000_000_000_000 + (now + wallShift) * 1_000))
    }

    private static func plan(_ words: Words, _ machine: GridMachine) -> String {
        do {
            return lines(try machine.plan(words.spec))
        } catch {
            return "  refused \(error.reason): \(error.message)\n"
        }
    }

    private static func lines(_ report: PlacementReport?) -> String {
        guard let report else { return "  no such task lives\n" }
        var lines = report.verdicts.map { verdict in
            let word = verdict.place > 0 ? "place \(verdict.place)" : "no"
            let obstacle = verdict.obstacle.map { ", \($0.filter.rawValue): \($0.words)" } ?? ""
            return "\(verdict.node) \(word)\(obstacle)"
        }
        if let queue = report.queue { lines.append("\(queue.ahead) of \(queue.waiting) go before it") }
        lines.append(report.summary + (report.remedy.isEmpty ? "" : "; try: \(report.remedy)"))
        return lines.map { "  \($0)\n" }.joined()
    }

    private static func line(_ view: NodeView) -> String {
        let (reserved, capacity) = (view.reserved, view.capacity)
        return "\(view.node.name) \(view.liveness.rawValue) \(view.node.schedulability.rawValue): "
            + "\(view.runningAttempts) attempts, cpu \(reserved.cpuMillis)/\(capacity.cpuMillis), "
            + "memory \(reserved.memoryBytes >> 20)/\(capacity.memoryBytes >> 20) MiB, "
            + "gpus \(reserved.gpus)/\(capacity.gpus), gpu memory \(reserved.gpuMemoryBytes >> 20) MiB"
            + (view.isAvoided ? ", avoided" : "")
            + view.roads.map { ", \($0.isInUse ? "*" : "")\($0.name) \($0.condition.rawValue)" }.joined()
    }
}

/// One line of a transcript: `@TIME VERB WORD... NAME=VALUE...`.
private struct Words {
    let milliseconds: Int64
    let verb: String
    private let plain: [String]
    private let named: [String: String]

    init(_ line: String) {
        let words = line.dropFirst().split(separator: " ").map(String.init)
        milliseconds = Int64(words[0])!
        verb = words[1]
        plain = words.dropFirst(2).filter { !$0.contains("=") }
        named = Dictionary(
            uniqueKeysWithValues: words.dropFirst(2).filter { $0.contains("=") }.map { word in
                let parts = word.split(separator: "=", maxSplits: 1).map(String.init)
                return (parts[0], parts[1])
            })
    }

    func number(_ name: String) -> Int64? { named[name].flatMap { Int64($0) } }
    /// `n1/3` names session 3 of n1.
    var names: [String] { plain.map { String($0.split(separator: "/")[0]) } }
    func session(of name: String) -> UInt64 {
        plain.first { $0.hasPrefix("\(name)/") }.flatMap { UInt64($0.split(separator: "/")[1]) } ?? 1
    }

    var rule: RiskRule? { named["risk"].flatMap { RiskRule(rawValue: $0) } }

    private var node: NodeName { NodeName(checked: names[0]) }
    private var session: SessionID { SessionID(number: session(of: names[0])) }

    private func ref(_ word: String) -> AttemptRef {
        let parts = word.dropFirst().split(separator: ".")
        return AttemptRef(task: TaskID(number: UInt64(parts[0])!), epoch: UInt32(parts[1])!)
    }

    func input(token: RequestToken) -> GridInput {
        switch verb {
        case "submit": return .submit(spec, key: named["key"], token)
        case "cancel": return .cancel(TaskID(number: UInt64(plain[0].dropFirst())!), by: "ann", token)
        case "register": return .registerNode(Node(name: node, isExternal: plain.contains("external")), token)
        case "remove": return .removeNode(node, by: "ann", token)
        case "within":
            return .drain(node, deadlineMilliseconds: number("ms") ?? 0, by: "ann", token)
        case "release": return .releaseNode(node, by: "ann", token)
        case "answer": return .heard(node, session, answering: number("to").map { UInt64($0) })
        case "vouch": return .vouched(node, by: NodeName(checked: names[1]))
        case "open": return .setSchedulability(node, .open, by: "ann", token)
        case "cordon": return .setSchedulability(node, .cordoned, by: "ann", token)
        case "drain": return .setSchedulability(node, .draining, by: "ann", token)
        case "hello":
            let refs = named["attempts"]?.split(separator: ",").map { ref(String($0)) } ?? []
            let hello = Node(name: node, address: named["address"] ?? "", inventory: inventory)
            return .nodeConnected(
                hello, session, attempts: refs, instance: UInt64(number("instance") ?? 0),
                sleptMilliseconds: number("slept") ?? 0)
        case "close": return .nodeDisconnected(node, session, reason: "reset by peer")
        case "roads": return .roads(node, session, plain.dropFirst().map(Self.road))
        case "heartbeat": return .heartbeat(node, session, sample)
        case "started": return .reports(node, session, plain.dropFirst().map { .started(ref($0)) })
        case "progress":
            return .reports(node, session, [.progress(ref(plain[1]), percent: Double(plain[2])!, stage: plain[3])])
        case "finished":
            let end = AttemptOutcome.End(rawValue: plain[2])!
            let error = named["error"]?.replacing("_", with: " ") ?? ""
            let outcome = AttemptOutcome(end: end, exitCode: number("exit").map { Int32($0) }, error: error)
            return .reports(node, session, [.finished(ref(plain[1]), outcome)])
        default: preconditionFailure("a transcript says \(verb)")
        }
    }

    /// `*cable:open` is in use, `cable:closed:reset` was closed by a reset.
    private static func road(_ word: String) -> RoadState {
        let parts = word.split(separator: ":").map(String.init)
        return RoadState(
            name: parts[0].replacing("*", with: ""), condition: RoadState.Condition(rawValue: parts[1])!,
            isInUse: word.hasPrefix("*"), reason: parts.count > 2 ? parts[2].replacing("_", with: " ") : "")
    }

    private var sample: NodeSample {
        var sample = NodeSample(memoryAvailableBytes: (number("available_gib") ?? 0) << 30)
        if let used = number("gpu_used_gib") {
            let holder = GPUHolder(pid: 4412, program: "python.exe", memoryBytes: used << 30)
            sample.gpus = [GPUSample(index: 0, memoryUsedBytes: used << 30, holders: [holder])]
        }
        return sample
    }

    private var inventory: NodeInventory {
        let gpus = number("gpus") ?? 0
        var inventory = NodeInventory(
            os: named["os"] ?? "", cores: Int(number("cores") ?? 4), memoryBytes: (number("memory_gib") ?? 8) << 30,
            gpus: (0..<gpus).map { GPU(index: Int($0), model: "gpu", memoryBytes: 8 << 30) },
            custom: number("licence").map { ["licence": $0] } ?? [:])
        inventory.requiresSignatures = plain.contains("strict")
        return inventory
    }

    var spec: TaskSpec {
        var spec = TaskSpec(
            payload: plain.contains("ping") ? .network(NetworkCheck(kind: .ping, host: "h")) : .echo(""),
            node: named["on"].map { NodeName(checked: $0) },
            constraint: named["where"]?.replacing("_", with: " ") ?? "",
            resources: ResourceRequest(
                cpuMillis: number("cpu") ?? 1_000, memoryBytes: (number("memory_gib") ?? 0) << 30,
                gpus: Int(number("gpus") ?? 0), gpuMemoryBytes: (number("gpu_gib") ?? 0) << 30,
                custom: number("licence").map { ["licence": $0] } ?? [:]),
            priority: Int(number("priority") ?? 0), retries: Int(number("retries") ?? 0),
            timeoutMilliseconds: number("timeout") ?? 0, queueTimeoutMilliseconds: number("queue_timeout") ?? 0,
            onLost: named["on_lost"].flatMap { LostPolicy(rawValue: $0) } ?? .retry,
            durability: plain.contains("ephemeral") ? .ephemeral : .durable, submitter: named["by"] ?? "ann")
        spec.lostAfterMilliseconds = number("lost_after") ?? 0
        if plain.contains("signed") { spec.envelope = [1] }
        return spec
    }
}
