import GridIdentity
import GridLogic
package import GridModel
package import GridStore

/// Where a watcher goes on.
package struct WatchStart: Sendable {
    /// The attempt and the offset of the next byte wanted; 0: from the beginning.
    package var epoch: UInt32
    package var offset: Int64
    package var wantsOutput: Bool

    package init(epoch: UInt32 = 0, offset: Int64 = 0, wantsOutput: Bool = true) {
        self.epoch = epoch
        self.offset = offset
        self.wantsOutput = wantsOutput
    }
}

package enum WatchItem: Sendable {
    case state(GridTask)
    case progress(AttemptRef, percent: Double, stage: String)
    case output(AttemptRef, [OutputPiece])
}

/// Following one task: states in order, and the output of every attempt in order, without gap or repeat.
///
/// The output of an attempt goes out before the state that says it has ended. The watcher's pace is its own: it reads
/// from the segments what it has not read yet, and nobody waits for it.
extension GridOperations {
    package func watch(
        _ caller: Caller, named name: String, from start: WatchStart,
        _ emit: @escaping @Sendable (WatchItem) async throws -> Void
    ) async throws {
        try authorise(caller, .viewTasks)
        guard start.offset >= 0 else { throw OperationError.refused(.invalid("offset", "must not be negative")) }
        let task = try await find(caller, name)
        let feed = TaskFeed()
        guard loop.mailbox.push(.follow(task.id, feed), isUrgent: true) == .taken else {
            throw OperationError.refused(.stopping)
        }
        defer { leave(task.id, feed) }
        try await follow(task.id, feed, from: start, emit)
    }

    /// A watcher that goes is forgotten; a loop that has ended has forgotten it already.
    func leave(_ id: TaskID, _ feed: TaskFeed) {
        _ = loop.mailbox.push(.unfollow(id, feed), isUrgent: true)
    }

    /// Ends with the task's terminal state, which it returns.
    @discardableResult
    func follow(
        _ id: TaskID, _ feed: TaskFeed, from start: WatchStart,
        _ emit: @escaping @Sendable (WatchItem) async throws -> Void
    ) async throws -> GridTask {
        try await withThrowingTaskGroup(of: Void.self) { group in
            defer { group.cancelAll() }
            var reader = OutputCursor(operations: self, task: id, start: start, emit: emit)
            var bell: OutputBell?
            var living: AttemptRef?
            while true {
                for news in feed.takeNow() {
                    switch news {
                    case .progress(let ref, let percent, let stage):
                        try await emit(.progress(ref, percent: percent, stage: stage))
                    case .stopping: throw OperationError.refused(.stopping)
                    case .state, .absent:
                        let task: GridTask
                        if case .state(let known) = news { task = known } else { task = try await finished(id) }
                        try await reader.drainEnded(task)
                        try await emit(.state(task))
                        if task.state.isTerminal { return task }
                        living = task.attempts.last.flatMap { $0.outcome == nil ? task.newestRef : nil }
                    }
                }
                if start.wantsOutput, let ref = living {
                    if try await reader.readLiving(ref) {
                        // There may be more, but the news goes first.
                        feed.ring()
                    } else {
                        if bell?.ref != ref {
                            let new = OutputBell(ref: ref)
                            bell = new
                            group.addTask { [outputs] in await new.run(outputs, feed) }
                        }
                        bell?.arm(after: reader.offset)
                    }
                }
                await feed.wait()
                try Task.checkCancellation()
            }
        }
    }

    /// A task that the loop does not know is in the store, and finished.
    private func finished(_ id: TaskID) async throws(OperationError) -> GridTask {
        guard let task = try await task(id), task.state.isTerminal else { throw .refused(.noSuchTask("\(id)")) }
        return task
    }
}

/// Rings a feed when an attempt's output has grown past what its watcher has read.
private struct OutputBell: Sendable {
    let ref: AttemptRef
    private let marks = Outbox<Int64>()

    init(ref: AttemptRef) { self.ref = ref }

    func arm(after offset: Int64) { marks.push(offset) }

    func run(_ outputs: OutputStore, _ feed: TaskFeed) async {
        var last: Int64 = -1
        while let wanted = await marks.take()?.last {
            guard wanted > last else { continue }
            last = wanted
            await outputs.waitForMore(ref, after: wanted)
            feed.ring()
        }
    }
}

/// Where one watcher is in the output of one task's attempts.
private struct OutputCursor {
    private let operations: GridOperations
    private let task: TaskID
    private let wantsOutput: Bool
    private let emit: @Sendable (WatchItem) async throws -> Void
    private var epoch: UInt32
    private(set) var offset: Int64

    private static let pageBytes = 256 * 1024

    init(
        operations: GridOperations, task: TaskID, start: WatchStart,
        emit: @escaping @Sendable (WatchItem) async throws -> Void
    ) {
        self.operations = operations
        self.task = task
        self.emit = emit
        wantsOutput = start.wantsOutput
        epoch = max(start.epoch, 1)
        offset = start.epoch == 0 ? 0 : start.offset
    }

    /// Everything still unread of attempts that have ended.
    mutating func drainEnded(_ task: GridTask) async throws {
        guard wantsOutput else { return }
        for attempt in task.attempts where attempt.epoch >= epoch {
            guard let outcome = attempt.outcome else { return }
            move(to: attempt.epoch)
            if let inline = outcome.inlineOutput {
                let pieces = inline.pieces(from: offset)
                if !pieces.isEmpty { try await emit(.output(ref, pieces)) }
            } else {
                while try await readPage() {}
            }
            epoch = attempt.epoch + 1
            offset = 0
        }
    }

    /// One page of an attempt that still runs. False when there was none.
    mutating func readLiving(_ ref: AttemptRef) async throws -> Bool {
        guard ref.epoch >= epoch else { return false }
        move(to: ref.epoch)
        return try await readPage()
    }

    private var ref: AttemptRef { AttemptRef(task: task, epoch: epoch) }

    private mutating func move(to newer: UInt32) {
        if newer > epoch {
            epoch = newer
            offset = 0
        }
    }

    private mutating func readPage() async throws -> Bool {
        let (ref, from, outputs) = (ref, offset, operations.outputs)
        var page = outputs.readNewest(ref, from: from, maxBytes: Self.pageBytes)
        if page == nil {
            page = try await operations.reads.run { () throws(StoreError) in
                try outputs.read(ref, from: from, maxBytes: Self.pageBytes)
            }
        }
        guard let page, !page.pieces.isEmpty else { return false }
        try await emit(.output(ref, page.pieces))
        offset = page.next
        return true
    }
}

extension InlineOutput {
    /// As if it had been streamed: first what went to stdout, then what went to stderr.
    func pieces(from offset: Int64) -> [OutputPiece] {
        var pieces: [OutputPiece] = []
        var start: Int64 = 0
        for (stream, bytes) in [(OutputStream.stdout, stdout), (.stderr, stderr)] where !bytes.isEmpty {
            let skipped = min(max(offset - start, 0), Int64(bytes.count))
            if skipped < Int64(bytes.count) {
                pieces.append(
                    OutputPiece(
                        offset: start + skipped, stream: stream, bytes: Array(bytes.dropFirst(Int(skipped))),
                        omittedBefore: 0))
            }
            start += Int64(bytes.count)
        }
        return pieces
    }
}
