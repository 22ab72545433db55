package import GridModel
import Synchronization

/// What is kept of one attempt's output: of each stream, so much from its beginning, and so much of its end.
struct OutputLimits: Sendable {
    var bytes: Int64
    var tailBytes: Int64

    /// For whoever has reached the quota: enough to see how it begins and how it ends.
    static let scant = OutputLimits(bytes: 4 << 10, tailBytes: 16 << 10)
}

/// Each owner's quota (`OutputSettings.ownerLimitBytes`). Whoever reaches it may go on, but keeps of every attempt only the
/// end, as beyond a stream's limit; so it is passed by no more than what the attempts under way keep of their ends.
extension OutputStore {
    /// Bytes that this owner's output takes up on disk.
    package func storedBytes(of owner: String) -> Int64 { ledger.withLock { $0.bytes(of: owner) } }

    /// Whether it has reached the quota.
    package func isFull(_ owner: String) -> Bool {
        settings.ownerLimitBytes > 0 && !owner.isEmpty && storedBytes(of: owner) >= settings.ownerLimitBytes
    }

    /// Counts what earlier runs left: from the files themselves, so that it never drifts from what is there. `owner` tells
    /// whose task it was; nil, when nobody knows any more. Reads every folder's names; call it off the hot path.
    package func recount(owner: (TaskID) throws(StoreError) -> String?) throws(StoreError) {
        var sizes: [AttemptRef: Int64] = [:]
        do throws(SystemFailure) {
            try forEachFile { file, status in sizes[file.ref, default: 0] += status.size }
        } catch {
            throw StoreError("could not count the output in \(files.folder)", error)
        }
        for (ref, bytes) in sizes where !ledger.withLock({ $0.knows(ref) }) {
            guard let owner = try owner(ref.task), !owner.isEmpty else { continue }
            ledger.withLock { $0.found(ref, of: owner, bytes: bytes) }
        }
    }

    /// By whoever has the attempt's turn, after its files have changed.
    func account(for attempt: OutputAttempt) throws(SystemFailure) {
        let (bytes, isEnded) = attempt.state.withLock { ($0.storedBytes, $0.phase == .ended) }
        guard let owner = ledger.withLock({ $0.note(attempt.ref, bytes: bytes) }) else { return }
        if !isEnded, isFull(owner) { try attempt.curtail(to: .scant, files: files) }
    }
}

extension OutputState {
    /// What its files take up.
    var storedBytes: Int64 {
        guard let head else { return 0 }
        // The end's record follows what readers read.
        let end = phase == .ended ? Int64(OutputRecord.headBytes) : 0
        return tails.joined().reduce(head.fileEnd + end) { $0 + $1.fileEnd }
    }
}

extension OutputAttempt {
    /// From here on only the end is kept. Said in the file too, so that a later run reads it the same way.
    func curtail(to limits: OutputLimits, files: OpenFiles) throws(SystemFailure) {
        let (head, tailBytes) = state.withLock { ($0.head, $0.tailBytes) }
        guard let head, tailBytes > limits.tailBytes else { return }
        let name = OutputFile(ref: ref)
        try write(
            record(.init(kind: .start, offset: 0, streamPosition: limits.tailBytes), for: name, at: head.fileEnd),
            to: files.open(name), at: head.fileEnd)
        state.withLock { $0.curtail(tailBytes: limits.tailBytes) }
    }
}
