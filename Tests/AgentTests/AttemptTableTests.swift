import Agent
import Executors
import GridModel
import Testing

struct AttemptTableTests {
    private var table = AttemptTable()
    private var actions: [AttemptTable.Action] = []
    private let ref = AttemptRef(task: TaskID(number: 7), epoch: 1)
    private var now = MonotonicTime(nanoseconds: 0)

    @Test mutating func `an echo is over in the step that ordered it`() {
        connect()
        order(.start(echo("hello")))

        let tidings = table.takeTidings(outputLimit: 1_000)
        #expect(tidings.output.isEmpty)
        #expect(tidings.reports == [.finished(ref, inline("hello"))])
        #expect(actions == [.keep(FinishedAttempt(ref: ref, outcome: inline("hello")))])
        #expect(table.runningCount == 0)
    }

    @Test mutating func `an ephemeral task is not written down`() {
        connect()
        order(.start(echo("hello", .ephemeral)))

        #expect(actions.isEmpty)
        #expect(table.takeTidings(outputLimit: 1_000).reports.count == 1)
        order(.forget(ref))
        #expect(actions.isEmpty)
    }

    @Test mutating func `a long echo goes as output`() {
        connect()
        let text = String(repeating: "x", count: 20_000)
        order(.start(echo(text)))

        let tidings = table.takeTidings(outputLimit: 100_000)
        #expect(tidings.output.map(\.chunks) == [[OutputChunk(offset: 0, stream: .stdout, bytes: Array(text.utf8))]])
        #expect(tidings.reports == [.finished(ref, AttemptOutcome(end: .succeeded, exitCode: 0))])
    }

    @Test mutating func `a short program's start, output and end leave together`() {
        connect()
        order(.start(program()))
        happened(.started)
        happened(.output(.stdout, [1]))
        happened(.output(.stderr, [2]))
        #expect(table.takeTidings(outputLimit: 1_000).isEmpty)
        happened(.finished(AttemptOutcome(end: .succeeded, exitCode: 0)))

        let tidings = table.takeTidings(outputLimit: 1_000)
        let outcome = AttemptOutcome(
            end: .succeeded, exitCode: 0, inlineOutput: InlineOutput(stdout: [1], stderr: [2]))
        #expect(tidings.output.isEmpty)
        #expect(tidings.reports == [.started(ref), .finished(ref, outcome)])
    }

    @Test mutating func `first words are held back for ten milliseconds and no longer`() {
        connect()
        order(.start(program()))
        happened(.started)
        happened(.output(.stdout, [1, 2, 3]))
        #expect(actions.contains(.wakeAfter(milliseconds: 11)))
        #expect(table.takeTidings(outputLimit: 1_000).isEmpty)

        now = MonotonicTime(nanoseconds: 11_000_000)
        table.holdBackEnded(at: now, into: &actions)

        let tidings = table.takeTidings(outputLimit: 1_000)
        #expect(tidings.reports == [.started(ref)])
        #expect(tidings.output.map(\.chunks) == [[OutputChunk(offset: 0, stream: .stdout, bytes: [1, 2, 3])]])
        happened(.output(.stdout, [4]))
        #expect(table.takeTidings(outputLimit: 1_000).output.first?.chunks.first?.offset == 3)
        happened(.finished(AttemptOutcome(end: .succeeded, exitCode: 0)))
        #expect(
            table.takeTidings(outputLimit: 1_000).reports
                == [.finished(ref, AttemptOutcome(end: .succeeded, exitCode: 0))])
    }

    @Test mutating func `the end is told after the last output`() {
        connect()
        order(.start(program()))
        for _ in 0..<4 { happened(.output(.stdout, [UInt8](repeating: 1, count: 10_000))) }
        happened(.finished(AttemptOutcome(end: .succeeded, exitCode: 0)))

        var offsets: [Int64] = []
        for _ in 0..<3 {
            let tidings = table.takeTidings(outputLimit: 10_000)
            offsets += tidings.output.flatMap(\.chunks).map(\.offset)
            #expect(tidings.reports.isEmpty)
        }
        let last = table.takeTidings(outputLimit: 10_000)
        #expect(offsets + last.output.flatMap(\.chunks).map(\.offset) == [0, 10_000, 20_000, 30_000])
        #expect(last.reports.count == 1)
    }

    @Test mutating func `a start that comes twice starts once and tells again`() {
        connect()
        order(.start(program()))
        order(.start(program()))
        #expect(actions.count { if case .start = $0 { true } else { false } } == 1)

        happened(.finished(AttemptOutcome(end: .failed, exitCode: 1)))
        _ = table.takeTidings(outputLimit: 1_000)
        order(.start(program()))
        #expect(
            table.takeTidings(outputLimit: 1_000).reports
                == [.finished(ref, AttemptOutcome(end: .failed, exitCode: 1))])
        #expect(actions.count { if case .start = $0 { true } else { false } } == 1)
    }

    @Test mutating func `a cancel of an unknown attempt changes nothing`() {
        connect()
        order(.cancel(ref, graceMilliseconds: 5))

        #expect(actions.isEmpty)
        #expect(table.takeTidings(outputLimit: 1_000).isEmpty)
    }

    @Test mutating func `an attempt that is forgotten while it runs is ended and never mentioned`() {
        connect()
        order(.start(program()))
        happened(.started)
        order(.forget(ref))

        #expect(actions.contains(.cancel(ref, graceMilliseconds: 0)))
        #expect(table.refs.isEmpty)
        happened(.output(.stdout, [1]))
        happened(.finished(AttemptOutcome(end: .cancelled)))
        #expect(table.takeTidings(outputLimit: 1_000).isEmpty)
        #expect(table.runningCount == 0)
    }

    @Test mutating func `a result stays until it is forgotten`() {
        connect()
        order(.start(echo("a")))
        _ = table.takeTidings(outputLimit: 1_000)
        #expect(table.refs == [ref])

        order(.forget(ref))
        order(.forget(ref))

        #expect(table.refs.isEmpty)
        #expect(actions.filter { $0 == .drop(ref) }.count == 1)
    }

    @Test mutating func `after a reconnect output goes on where the coordinator wants it`() {
        connect()
        order(.start(program()))
        now = MonotonicTime(nanoseconds: 20_000_000)
        happened(.output(.stdout, Array(0..<100)))
        happened(.output(.stderr, Array(100..<200)))
        _ = table.takeTidings(outputLimit: 1_000)
        table.disconnected()
        happened(.output(.stdout, Array(200..<250)))
        #expect(table.takeTidings(outputLimit: 1_000).isEmpty)
        actions = []

        connect([ref: 150])

        #expect(actions == [.allowOutput(ref, 150)])
        let tidings = table.takeTidings(outputLimit: 1_000)
        #expect(tidings.reports == [.started(ref)])
        #expect(
            tidings.output.flatMap(\.chunks) == [
                OutputChunk(offset: 150, stream: .stderr, bytes: Array(150..<200)),
                OutputChunk(offset: 200, stream: .stdout, bytes: Array(200..<250)),
            ])
    }

    @Test mutating func `what the coordinator took may be written again`() {
        connect()
        order(.start(program()))
        now = MonotonicTime(nanoseconds: 20_000_000)
        happened(.output(.stdout, [UInt8](repeating: 0, count: 100)))
        _ = table.takeTidings(outputLimit: 1_000)
        actions = []

        table.acknowledged(ref, offset: 60, into: &actions)
        table.acknowledged(ref, offset: 40, into: &actions)
        table.acknowledged(ref, offset: 1_000, into: &actions)

        #expect(actions == [.allowOutput(ref, 60), .allowOutput(ref, 40)])
    }

    @Test mutating func `a stopping agent starts nothing and gives its attempts back`() {
        connect()
        order(.start(program()))
        table.stop(graceMilliseconds: 9, into: &actions)
        #expect(actions.contains(.cancel(ref, graceMilliseconds: 9)))

        let other = AttemptRef(task: TaskID(number: 8), epoch: 1)
        order(.start(AttemptStart(ref: other, spec: program().spec, gpuIndices: [])))
        happened(.finished(AttemptOutcome(end: .cancelled)))

        #expect(
            table.takeTidings(outputLimit: 1_000).reports == [
                .finished(ref, AttemptOutcome(end: .lost, error: "its node's agent was stopped"))
            ])
        #expect(table.refs == [ref])
    }

    @Test mutating func `results of an earlier life are told with their output`() {
        let kept = FinishedAttempt(
            ref: ref, outcome: AttemptOutcome(end: .succeeded, exitCode: 0),
            output: [OutputChunk(offset: 90, stream: .stdout, bytes: Array(repeating: 5, count: 10))], outputEnd: 100)
        table = AttemptTable(kept: [kept])
        #expect(table.refs == [ref])

        connect([ref: 95])

        let tidings = table.takeTidings(outputLimit: 1_000)
        #expect(tidings.output.flatMap(\.chunks).map(\.offset) == [95])
        #expect(tidings.reports == [.finished(ref, kept.outcome)])
    }

    // MARK: the world

    private mutating func connect(_ resume: [AttemptRef: Int64] = [:]) {
        table.connected(resume: resume, into: &actions)
    }

    private mutating func order(_ order: Order) { table.obey(order, at: now, into: &actions) }

    private mutating func happened(_ event: AttemptEvent) { table.happened(event, to: ref, at: now, into: &actions) }

    private func echo(_ text: String, _ durability: Durability = .durable) -> AttemptStart {
        AttemptStart(ref: ref, spec: TaskSpec(payload: .echo(text), durability: durability), gpuIndices: [])
    }

    private func program() -> AttemptStart {
        AttemptStart(
            ref: ref, spec: TaskSpec(payload: .command(Command(invocation: .arguments(["x"])))), gpuIndices: [])
    }

    private func inline(_ text: String) -> AttemptOutcome {
        AttemptOutcome(end: .succeeded, exitCode: 0, inlineOutput: InlineOutput(stdout: Array(text.utf8)))
    }
}
