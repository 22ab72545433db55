import GridLogic
import GridModel
import GridStore
import Logging
import Synchronization

/// Keeps the output that comes over one link: a little of it at once, much of it on a thread of its own, so that the
/// connections of the event loop do not wait for the disk. Acknowledges what is kept, and nothing else.
///
/// Bounded: while `waitingLimit` bytes are to be written, `keep` waits, and the link behind it.
final class OutputKeeper: Sendable {
    private struct State {
        var waiting: [Batch] = []
        var waitingBytes = 0
        var isWriting = false
        var sleeper: CheckedContinuation<Void, Never>?
        /// Attempts whose output could not be kept: their agent sends it again on a new link, and their results with it.
        var stalled: Set<AttemptRef> = []
        var stalledAt: MonotonicTime?
    }

    private typealias Batch = (ref: AttemptRef, chunks: [OutputChunk], bytes: Int)

    private enum Turn { case none, now, later(begins: Bool) }

    /// Up to this much is written where it came: cheaper than to wake a thread.
    private static let promptBytes = 16 << 10
    private static let waitingLimit = 2 << 20

    private let session: LinkSession
    private let outputs: OutputStore
    private let reads: BlockingReads
    private let logger: Logger
    private let state = Mutex(State())

    init(session: LinkSession, operations: GridOperations) {
        self.session = session
        outputs = operations.outputs
        reads = operations.reads
        logger = operations.logger
    }

    var stalledAt: MonotonicTime? { state.withLock { $0.stalledAt } }

    func isStalled(_ ref: AttemptRef) -> Bool { state.withLock { $0.stalled.contains(ref) } }

    /// By the link's reader alone.
    func keep(_ ref: AttemptRef, _ chunks: [OutputChunk]) async {
        let bytes = chunks.reduce(0) { $0 + $1.bytes.count }
        let turn = state.withLock { state -> Turn in
            if state.stalled.contains(ref) { return .none }
            defer { state.isWriting = true }
            if !state.isWriting && bytes <= Self.promptBytes { return .now }
            state.waiting.append((ref, chunks, bytes))
            state.waitingBytes += bytes
            return .later(begins: !state.isWriting)
        }
        switch turn {
        case .none: return
        case .now:
            append(ref, chunks)
            state.withLock { $0.isWriting = false }
        case .later(let begins):
            if begins { reads.start { self.writeAll() } }
            await wait(until: { $0.waitingBytes < Self.waitingLimit })
        }
    }

    /// Returns when everything is kept, or stalled.
    func drained() async { await wait(until: { !$0.isWriting }) }

    /// What comes of this attempt is not believed until its agent has told it anew.
    func stall(_ ref: AttemptRef, _ error: any Error) {
        let isFirst = state.withLock { state in
            state.stalled.insert(ref)
            defer { state.stalledAt = state.stalledAt ?? SystemClock.monotonic() }
            return state.stalledAt == nil
        }
        if isFirst { logger.error("Output cannot be kept", metadata: ["error": "\(error)"]) }
    }

    private func append(_ ref: AttemptRef, _ chunks: [OutputChunk]) {
        if isStalled(ref) { return }
        do {
            session.outbox.push(.outputAck(ref, try outputs.append(ref, chunks)))
        } catch {
            // Nothing is acknowledged: the agent keeps it, and the process it comes from waits.
            stall(ref, error)
        }
    }

    /// On a thread that may wait for the disk.
    private func writeAll() {
        while let (ref, chunks, bytes) = next() {
            append(ref, chunks)
            let sleeper = state.withLock { state in
                state.waitingBytes -= bytes
                return state.sleeper.take()
            }
            sleeper?.resume()
        }
    }

    private func next() -> Batch? {
        let (batch, sleeper) = state.withLock { state -> (Batch?, CheckedContinuation<Void, Never>?) in
            if !state.waiting.isEmpty { return (state.waiting.removeFirst(), nil) }
            state.isWriting = false
            return (nil, state.sleeper.take())
        }
        sleeper?.resume()
        return batch
    }

    /// Writing always goes on, so that this returns without being cancelled.
    private func wait(until isOver: @Sendable (borrowing State) -> Bool) async {
        while !state.withLock({ isOver($0) }) {
            await withCheckedContinuation { continuation in
                let isReady = state.withLock { state in
                    if isOver(state) { return true }
                    state.sleeper = continuation
                    return false
                }
                if isReady { continuation.resume() }
            }
        }
    }
}
