package import GridModel
import Synchronization

/// Keeps what attempts print: append-only files under a folder of its own, outside the database.
///
/// An append is one write and is safe from the death of this process when it returns; the disk is synchronized when
/// the attempt ends. Of each stream the beginning is kept up to a limit and, beyond it, the end; readers are told
/// what lies between. Readers never make a writer wait, however slow they are. Any method may be called from any
/// thread. Owned by the coordinator; a second process is refused.
package final class OutputStore: Sendable {
    let settings: OutputSettings
    let files: OpenFiles
    let attempts: OutputAttempts
    let ledger = Mutex(OutputLedger())
    private let scratches = ScratchPool()
    private let lock: FolderLock

    package init(folder: String, settings: OutputSettings = OutputSettings()) throws(StoreError) {
        do throws(SystemFailure) {
            try SystemCalls.makeFolder(folder)
        } catch {
            throw StoreError("could not make the output folder \(folder)", error)
        }
        lock = try FolderLock.take(folder: folder, what: "output store")
        self.settings = settings
        files = OpenFiles(folder: folder, capacity: settings.openFiles)
        attempts = OutputAttempts(files: files, settings: settings)
    }

    /// Expects output of this attempt: goes on where it ended when there is some already. `limitBytes`: kept per
    /// stream, 0 for the default; what was first said counts. `owner`: on whose quota; empty: nobody's. Touches no file.
    package func open(_ ref: AttemptRef, limitBytes: Int64 = 0, owner: String = "") {
        var limits = OutputLimits(
            bytes: limitBytes > 0 ? limitBytes : settings.limitBytes, tailBytes: settings.tailBytes)
        if !owner.isEmpty { ledger.withLock { $0.begin(ref, of: owner) } }
        if isFull(owner) {
            limits.bytes = min(limits.bytes, OutputLimits.scant.bytes)
            limits.tailBytes = min(limits.tailBytes, OutputLimits.scant.tailBytes)
        }
        attempts.open(ref, limits)
    }

    /// Where the attempt's output is to go on; 0 when there is none, its length when it has ended.
    package func wantedOffset(_ ref: AttemptRef) throws(StoreError) -> Int64 {
        try attempt(ref).state.withLock { $0.wanted }
    }

    /// Appends what is new of the chunks and gives the offset wanted next. What was there before is ignored; so is
    /// everything from a gap on, and everything once the attempt has ended. When it throws, what the disk did take is
    /// counted by `wantedOffset`, and the rest can be sent again.
    package func append(_ ref: AttemptRef, _ chunks: [OutputChunk]) throws(StoreError) -> Int64 {
        let attempt = try writable(ref)
        do throws(SystemFailure) {
            return try attempt.turn.withLock { (_) throws(SystemFailure) -> Int64 in
                let (isEnded, wanted) = attempt.state.withLock { state in
                    if state.phase != .ended { state.remember(chunks) }
                    return (state.phase == .ended, state.wanted)
                }
                if isEnded { return wanted }
                let scratch = scratches.take()
                defer { scratches.give(scratch) }
                var appending = OutputAppending(attempt, files: files, scratch: scratch)
                let next = try appending.append(chunks)
                try account(for: attempt)
                return next
            }
        } catch {
            attempt.state.withLock { $0.newest = nil }
            throw StoreError("could not keep the output of attempt \(ref) in \(files.folder)", error)
        }
    }

    /// The node no longer has the bytes before `offset`: they are left out, and readers are told. Only needed when
    /// this machine lost power before an attempt elsewhere had ended.
    package func skip(_ ref: AttemptRef, to offset: Int64) throws(StoreError) {
        let attempt = try writable(ref)
        attempt.turn.withLock { _ in
            attempt.change { if $0.phase == .open { $0.wanted = max($0.wanted, offset) } }
        }
    }

    /// The attempt has ended: readers come to an end, and what comes later is ignored. `inline`: its whole output,
    /// when none was appended; it is held for those who follow it, and never written. `durable`: the output is on the
    /// medium when this returns. May be repeated.
    package func finish(_ ref: AttemptRef, inline: InlineOutput? = nil, durable: Bool = true) throws(StoreError) {
        let attempt = inline == nil ? try writable(ref) : attempts.fresh(ref)
        do throws(SystemFailure) {
            try attempt.turn.withLock { (_) throws(SystemFailure) in
                try attempt.finish(inline: inline, durable: durable, files: files)
                try account(for: attempt)
            }
        } catch {
            throw StoreError("could not finish the output of attempt \(ref) in \(files.folder)", error)
        }
        attempts.noteRecent(ref)
    }

    /// The same as `read`, from memory and at once, for one who follows closely; nil when it has to be read. May give
    /// somewhat more than `maxBytes`.
    package func readNewest(_ ref: AttemptRef, from offset: Int64, maxBytes: Int = 256 * 1024) -> OutputPage? {
        attempts.known(ref)?.state.withLock { state in
            guard state.phase == .open, offset < state.wanted,
                let pieces = state.newest?.pieces(from: offset, to: state.wanted, maxBytes: maxBytes),
                let last = pieces.last
            else { return nil }
            return OutputPage(pieces: pieces, next: last.end)
        }
    }

    /// What there is from `offset` on, up to `maxBytes` (at least one). Reads the files without holding anything that
    /// a writer needs.
    package func read(_ ref: AttemptRef, from offset: Int64, maxBytes: Int = 256 * 1024) throws(StoreError)
        -> OutputPage
    {
        let attempt = try attempt(ref)
        let tried = "could not read the output of attempt \(ref) from \(offset)"
        var turns = 0
        while true {
            let (plan, inline, isKnown) = attempt.state.withLock { state in
                (OutputPlan(state, ref: ref, from: offset), state.inline, state.isKnown)
            }
            if let inline { return inline.page(from: offset, maxBytes: maxBytes) }
            if plan.lanes.isEmpty && offset >= plan.wanted {
                return OutputPage(next: offset, isEnd: plan.isEnded, isKnown: isKnown)
            }
            do throws(OutputReading.Failure) {
                var reading = OutputReading(plan, from: max(0, offset), files: files, scratches: scratches)
                return try reading.page(maxBytes: maxBytes)
            } catch {
                turns += 1
                switch error {
                case .outdated where turns < 1_000: continue
                case .outdated:
                    throw StoreError(.inputOutput, "\(tried): its files are missing from \(files.folder)")
                case .damaged(let file, let position):
                    throw StoreError(
                        .corrupt, "\(tried): the file \(files.folder)/\(file.path) is damaged at byte \(position)")
                case .system(let failure):
                    throw StoreError(tried, failure)
                }
            }
        }
    }

    /// Returns when there is something after `offset`, or the attempt has ended, or the caller is cancelled: then
    /// read again. An attempt that nobody has opened yet is waited for. When its files cannot be looked at it returns
    /// at once: the read says why.
    package func waitForMore(_ ref: AttemptRef, after offset: Int64) async {
        let waiter = OutputWaiter(offset: offset)
        while true {
            guard let attempt = try? attempt(ref) else { return }
            let standing = attempt.state.withLock { state -> Standing in
                if state.isEvicted { return .evicted }
                if state.phase == .ended || state.wanted > offset { return .ready }
                state.waiters[ObjectIdentifier(waiter)] = waiter
                if state.newest == nil { state.newest = OutputTail() }
                return .waiting
            }
            switch standing {
            case .evicted: continue
            case .ready: return
            case .waiting: break
            }
            await waiter.sleep()
            attempt.state.withLock { _ = $0.waiters.removeValue(forKey: ObjectIdentifier(waiter)) }
            return
        }
    }

    private enum Standing { case evicted, ready, waiting }

    private func attempt(_ ref: AttemptRef) throws(StoreError) -> OutputAttempt {
        do throws(SystemFailure) {
            return try attempts.find(ref)
        } catch {
            throw StoreError("could not look at the output of attempt \(ref) in \(files.folder)", error)
        }
    }

    private func writable(_ ref: AttemptRef) throws(StoreError) -> OutputAttempt {
        do throws(SystemFailure) {
            return try attempts.writable(ref)
        } catch {
            throw StoreError("could not open the output of attempt \(ref) in \(files.folder)", error)
        }
    }
}

extension InlineOutput {
    /// As if it had been appended: stdout, then stderr.
    fileprivate func page(from offset: Int64, maxBytes: Int) -> OutputPage {
        let total = Int64(stdout.count + stderr.count)
        var pieces: [OutputPiece] = []
        var cursor = max(0, offset)
        var room = max(1, maxBytes)
        for (stream, bytes, start) in [(OutputStream.stdout, stdout, Int64(0)), (.stderr, stderr, Int64(stdout.count))]
        {
            let from = Int(max(0, cursor - start))
            guard from < bytes.count, room > 0 else { continue }
            let part = bytes[from..<min(bytes.count, from + room)]
            pieces.append(OutputPiece(offset: start + Int64(from), stream: stream, bytes: Array(part)))
            cursor = start + Int64(part.endIndex)
            room -= part.count
        }
        return OutputPage(pieces: pieces, next: cursor, isEnd: cursor >= total)
    }
}
