import GridModel
import GridStore
import GridWire
import Testing

@Suite struct TaskRecordTests {
    /// The store writes records by hand and reads them with the generated code.
    @Test(arguments: 0..<20 as Range<UInt64>)
    func `whatever a task holds comes back`(seed: UInt64) throws {
        try withFolder { folder in
            var numbers = SplitMix64(seed: seed)
            let store = try SQLiteStore(folder: folder)
            let tasks = (1...200).map { GridTask.random(TaskID(number: seed * 1_000 + $0), &numbers) }

            try store.commit(StoreBatch(tasks: tasks))

            for task in tasks { #expect(try store.task(task.id) == task) }
        }
    }

    @Test func `events are kept as they are told`() throws {
        try withFolder { folder in
            let store = try SQLiteStore(folder: folder)
            let (ref, name) = (AttemptRef(task: TaskID(number: 77), epoch: 300), NodeName("Mac-Pro")!)
            let facts: [GridEvent.Fact] = [
                .taskSubmitted(ref.task, type: "echo", submitter: "ada"),
                .taskSubmitted(ref.task, type: "", submitter: ""),
                .taskAssigned(ref, node: name), .taskStarted(ref, node: name),
                .taskFinished(ref.task, state: .succeeded, reason: ""),
                .taskFinished(ref.task, state: .failed, reason: String(repeating: "ü", count: 200)),
                .taskCancelRequested(ref.task, by: "ada"), .nodeOnline(name),
            ]
            let events = facts.enumerated().map { index, fact in
                GridEvent(number: UInt64(index + 1), at: Timestamp(microseconds: 1 << 50), fact: fact)
            }

            try store.commit(StoreBatch(events: events))

            #expect(try store.events(from: 1, limit: 100) == events.map(Noizylab_Grid_Event.init))
        }
    }

    @Test func `no property is forgotten`() {
        var numbers = SplitMix64(seed: 1)
        let task = GridTask.random(TaskID(number: 1), &numbers)
        let attempt = Attempt(
            epoch: 1, node: NodeName("A")!, reservation: Reservation(request: .none),
            assignedAt: Timestamp(microseconds: 1))

        let counts = [
            task as Any, task.spec, task.spec.resources, attempt, attempt.reservation, AttemptOutcome(end: .lost),
            Usage(), InlineOutput(), Command(invocation: .arguments([])), NetworkCheck(kind: .dns, host: ""),
        ].map { Mirror(reflecting: $0).children.count }

        // Another number here: teach TaskRecordWriter and `random` the new property, then change it.
        #expect(counts == [10, 15, 6, 8, 2, 8, 3, 2, 5, 3])
    }
}

extension GridTask {
    /// Every property takes its default, and others, now and then.
    static func random(_ id: TaskID, _ numbers: inout SplitMix64) -> GridTask {
        func text() -> String {
            let count = [0, 1, 5, 126, 127, 128, 129, 20_000].randomElement(using: &numbers)!
            return count < 1_000 || Bool.random(using: &numbers)
                ? String(repeating: ["a", "ü", "😀"].randomElement(using: &numbers)!, count: count) : ""
        }
        func number() -> Int64 {
            [0, 0, 1, -1, 127, 128, 1 << 40, .max, .min].randomElement(using: &numbers)!
        }
        func bytes() -> [UInt8] {
            (0..<Int.random(in: 0...300, using: &numbers)).map { _ in UInt8.random(in: 0...255, using: &numbers) }
        }
        func map() -> [String: String] {
            (0..<Int.random(in: 0...3, using: &numbers)).reduce(into: [:]) { $0["\($1)" + text()] = text() }
        }
        func time() -> Timestamp { Timestamp(microseconds: Int64.random(in: 1...(1 << 55), using: &numbers)) }
        func timeOrNil() -> Timestamp? { Bool.random(using: &numbers) ? time() : nil }
        func count() -> Int { [0, 1, 127, 128, 70_000].randomElement(using: &numbers)! }

        let payload: TaskPayload
        switch Int.random(in: 0..<4, using: &numbers) {
        case 0: payload = .echo(text())
        case 1:
            payload = .network(
                NetworkCheck(kind: .allCases.randomElement(using: &numbers)!, host: text(), port: count()))
        case 2:
            let arguments = (0..<Int.random(in: 0...4, using: &numbers)).map { _ in text() }
            payload = .command(
                Command(
                    invocation: .arguments(arguments), environment: map(),
                    secrets: map().mapValues { _ in CommandSecret(kept: bytes()) }, workingDirectory: text(),
                    standardInput: bytes()))
        default:
            let interpreter = Command.Interpreter.allCases.randomElement(using: &numbers)!
            payload = .command(Command(invocation: .script(interpreter, text()), environment: map()))
        }
        let resources = ResourceRequest(
            cpuMillis: number(), memoryBytes: number(), gpus: count(), gpuMemoryBytes: number(), diskBytes: number(),
            custom: Dictionary(uniqueKeysWithValues: map().keys.map { ($0, number()) }))
        let key = "\(id)" + text()
        let state = TaskState.allCases.randomElement(using: &numbers)!
        let attempts = (0..<Int.random(in: 0...3, using: &numbers)).map { index in
            let inline = InlineOutput(stdout: bytes(), stderr: bytes())
            let outcome = AttemptOutcome(
                end: .allCases.randomElement(using: &numbers)!,
                exitCode: [nil, 0, 1, -1, 255, .min].randomElement(using: &numbers)!,
                signal: [nil, 0, 9, .max].randomElement(using: &numbers)!, error: text(),
                usage: Usage(userMicroseconds: number(), systemMicroseconds: number(), maxResidentBytes: number()),
                inlineOutput: Bool.random(using: &numbers) ? inline : nil, runMicroseconds: number(),
                attestation: Bool.random(using: &numbers) ? bytes() : [])
            let gpus = (0..<Int.random(in: 0...4, using: &numbers)).map { _ in count() }
            return Attempt(
                epoch: UInt32(index + 1), node: NodeName(["A", "M2-Ultra"].randomElement(using: &numbers)!)!,
                reservation: Reservation(request: resources, gpuIndices: gpus), assignedAt: time(),
                startedAt: timeOrNil(), finishedAt: timeOrNil(), outcome: Bool.random(using: &numbers) ? outcome : nil,
                preemption: Bool.random(using: &numbers)
                    ? Preemption(by: id, priority: Int.random(in: -100...100, using: &numbers)) : nil)
        }
        var spec = TaskSpec(
            payload: payload, node: Bool.random(using: &numbers) ? NodeName("HP-OMEN") : nil, resources: resources,
            priority: Int.random(in: -100...100, using: &numbers), retries: count(), timeoutMilliseconds: number(),
            queueTimeoutMilliseconds: number(), onLost: .allCases.randomElement(using: &numbers)!,
            durability: .allCases.randomElement(using: &numbers)!, outputLimitBytes: number(), submitter: text(),
            metadata: map(), envelope: Bool.random(using: &numbers) ? bytes() : [])
        spec.constraint = text()
        spec.lostAfterMilliseconds = number()
        return GridTask(
            id: id, spec: spec,
            key: Bool.random(using: &numbers) ? key : nil, submittedAt: time(), state: state, attempts: attempts,
            notBefore: timeOrNil(), cancelRequested: Bool.random(using: &numbers),
            finishedAt: state.isTerminal ? time() : nil, reason: text())
    }
}
