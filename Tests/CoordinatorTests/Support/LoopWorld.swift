import Coordinator
import Foundation
import GridLogic
import GridModel
import GridStore
import Logging
import Synchronization

/// A real loop on a real store, with sessions that a test plays by hand.
struct LoopWorld: Sendable {
    let loop: GridLoop
    let store: SQLiteStore

    static func run<Value: Sendable>(
        in folder: String, store settings: StoreSettings = StoreSettings(),
        loop change: (inout LoopSettings) -> Void = { _ in }, _ body: (LoopWorld) async throws -> Value
    ) async throws -> Value {
        let store = try SQLiteStore(folder: folder, settings: settings)
        var loopSettings = LoopSettings()
        change(&loopSettings)
        let state = try store.load()
        // Its nodes send no heartbeats, and no busy machine is to give them up.
        var grid = GridSettings()
        grid.suspectAfterMilliseconds = 60_000
        grid.offlineAfterMilliseconds = 120_000
        var machine = GridMachine(settings: grid)
        machine.recover(
            tasks: state.tasks, nodes: state.nodes, nextTaskNumber: state.nextTaskNumber,
            nextEventNumber: state.nextEventNumber, at: SystemClock.now())
        let loop = GridLoop(
            machine: machine, store: store, settings: loopSettings,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        loop.begin()
        let result: Result<Value, any Error>
        do { result = .success(try await body(LoopWorld(loop: loop, store: store))) } catch { result = .failure(error) }
        await loop.stop()
        try store.close()
        return try result.get()
    }

    /// Brings a node online.
    func connect(_ name: String = "HP-OMEN", attempts: [AttemptRef] = [], instance: UInt64 = 1) -> LinkSession {
        let session = loop.links.open(NodeName(checked: name))
        push(
            .nodeConnected(
                Node(
                    name: session.node,
                    inventory: NodeInventory(os: "linux", cores: 8, memoryBytes: 8 << 30)), session.id,
                attempts: attempts, instance: instance))
        return session
    }

    func push(_ input: GridInput) {
        _ = loop.mailbox.push(.link(input, at: SystemClock.monotonic()), isUrgent: true)
    }

    func submit(_ submissions: [Submission]) throws -> News {
        let news = News()
        if let (_, refusal) = loop.submit(submissions, to: news) { throw OperationError.refused(refusal) }
        return news
    }

    func submit(_ spec: TaskSpec, key: String? = nil) throws -> News { try submit([.echo(1, spec, key: key)]) }

    func finish(_ start: AttemptStart, on session: LinkSession, _ text: String = "x") {
        push(
            .reports(
                session.node, session.id,
                [
                    .started(start.ref),
                    .finished(
                        start.ref,
                        AttemptOutcome(
                            end: .succeeded, exitCode: 0, inlineOutput: InlineOutput(stdout: Array(text.utf8)))),
                ]))
    }
}

extension Submission {
    static func echo(_ ref: UInt64, _ spec: TaskSpec, key: String? = nil) -> Submission {
        Submission(ref: ref, spec: spec, key: key, arrivedAt: SystemClock.monotonic(), wantsResult: true)
    }
}

extension TaskSpec {
    static func echo(_ text: String = "x", _ durability: Durability = .durable) -> TaskSpec {
        TaskSpec(payload: .echo(text), durability: durability)
    }
}

extension LinkSession {
    /// The next start that the coordinator orders.
    func nextStart() async -> AttemptStart? {
        while let items = await outbox.take() {
            for case .order(.start(let start)) in items { return start }
        }
        return nil
    }

    func nextStarts(_ count: Int) async -> [AttemptStart] {
        var starts: [AttemptStart] = []
        while starts.count < count, let items = await outbox.take() {
            for case .order(.start(let start)) in items { starts.append(start) }
        }
        return starts
    }
}

/// Hears what becomes of submissions, for a test to wait for.
final class News: SubmissionSink {
    let items = Outbox<SubmissionNews>()

    func deliver(_ news: [SubmissionNews]) { items.push(contentsOf: news) }

    /// The next so many.
    func next(_ count: Int) async -> [SubmissionNews] {
        var all: [SubmissionNews] = []
        while all.count < count, let more = await items.take() { all += more }
        return all
    }
}

extension SubmissionNews {
    var acceptedTask: GridTask? { if case .accepted(_, let task, _) = self { task } else { nil } }
    var isNew: Bool? { if case .accepted(_, _, let isNew) = self { isNew } else { nil } }
    var settledTask: GridTask? { if case .settled(_, let task, _) = self { task } else { nil } }
    var refusal: Refusal? { if case .refused(_, let refusal) = self { refusal } else { nil } }
}
