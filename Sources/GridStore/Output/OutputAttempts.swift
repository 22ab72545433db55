import GridModel
import Synchronization

/// The attempts held in memory: those that are open, those that somebody waits for, and a bounded number of others
/// that were looked at last. Files of earlier runs are looked at when an attempt is first used.
final class OutputAttempts: Sendable {
    private let files: OpenFiles
    private let settings: OutputSettings
    private let state = Mutex(State())

    private struct State {
        var attempts: [AttemptRef: OutputAttempt] = [:]
        /// Limits of attempts that were opened and not used yet.
        var expected: [AttemptRef: OutputLimits] = [:]
        /// Those that may be let go, oldest first, from `recentStart` on.
        var recent: [AttemptRef] = []
        var recentStart = 0
    }

    init(files: OpenFiles, settings: OutputSettings) {
        self.files = files
        self.settings = settings
    }

    func open(_ ref: AttemptRef, _ limits: OutputLimits) {
        let attempt = state.withLock { state -> OutputAttempt? in
            if let attempt = state.attempts[ref] { return attempt }
            state.expected[ref] = limits
            return nil
        }
        if let attempt { _ = Self.makeOpen(attempt, limits) }
    }

    private var defaults: OutputLimits {
        OutputLimits(bytes: settings.limitBytes, tailBytes: settings.tailBytes)
    }

    /// In memory.
    func known(_ ref: AttemptRef) -> OutputAttempt? { state.withLock { $0.attempts[ref] } }

    /// In memory, or as its files say.
    func find(_ ref: AttemptRef) throws(SystemFailure) -> OutputAttempt {
        if let attempt = state.withLock({ $0.attempts[ref] }) { return attempt }
        let loaded = try OutputAttempt.load(ref, files: files, settings: settings)
        return keep(loaded)
    }

    /// Found, and open unless it has ended.
    func writable(_ ref: AttemptRef) throws(SystemFailure) -> OutputAttempt {
        while true {
            let attempt = try find(ref)
            if Self.makeOpen(attempt, defaults) { return attempt }
        }
    }

    /// Found in memory, or new without a look at the disk: for an attempt that is known to have no files.
    func fresh(_ ref: AttemptRef) -> OutputAttempt {
        while true {
            let state = OutputState(limitBytes: settings.limitBytes, tailBytes: settings.tailBytes)
            let attempt =
                self.state.withLock { $0.attempts[ref] } ?? keep(OutputAttempt(ref: ref, state: state))
            if Self.makeOpen(attempt, defaults) { return attempt }
        }
    }

    /// May be let go from now on. Lets the oldest go when there are too many.
    func noteRecent(_ ref: AttemptRef) {
        state.withLock { state in
            state.expected[ref] = nil
            Self.noteRecent(ref, &state, capacity: settings.recentAttempts)
        }
    }

    func remove(_ ref: AttemptRef) -> OutputAttempt? {
        state.withLock { state in
            state.expected[ref] = nil
            return state.attempts.removeValue(forKey: ref)
        }
    }

    /// Whether somebody may still write to it.
    func isOpen(_ ref: AttemptRef) -> Bool {
        state.withLock { state in
            if state.expected[ref] != nil { return true }
            return state.attempts[ref]?.state.withLock { $0.phase == .open } ?? false
        }
    }

    private func keep(_ new: OutputAttempt) -> OutputAttempt {
        state.withLock { state in
            if let other = state.attempts[new.ref] { return other }
            state.attempts[new.ref] = new
            if let limits = state.expected.removeValue(forKey: new.ref) {
                _ = Self.makeOpen(new, limits)
            } else {
                Self.noteRecent(new.ref, &state, capacity: settings.recentAttempts)
            }
            return new
        }
    }

    /// False when it was let go meanwhile.
    private static func makeOpen(_ attempt: OutputAttempt, _ limits: OutputLimits) -> Bool {
        attempt.state.withLock { state in
            if state.isEvicted { return false }
            if state.phase == .idle {
                state.phase = .open
                if state.head == nil { (state.limitBytes, state.tailBytes) = (limits.bytes, limits.tailBytes) }
            }
            return true
        }
    }

    private static func noteRecent(_ ref: AttemptRef, _ state: inout State, capacity: Int) {
        state.recent.append(ref)
        var tries = 2
        while state.recent.count - state.recentStart > capacity && tries > 0 {
            tries -= 1
            let oldest = state.recent[state.recentStart]
            state.recentStart += 1
            guard let attempt = state.attempts[oldest] else { continue }
            let fate = attempt.state.withLock { inner -> Fate in
                if inner.phase == .open { return .open }
                if !inner.waiters.isEmpty { return .waitedFor }
                inner.isEvicted = true
                return .letGo
            }
            switch fate {
            case .letGo: state.attempts[oldest] = nil
            case .waitedFor: state.recent.append(oldest)
            case .open: break  // noted again when it ends
            }
        }
        if state.recentStart > 1_024 && state.recentStart > state.recent.count / 2 {
            state.recent.removeFirst(state.recentStart)
            state.recentStart = 0
        }
    }

    private enum Fate { case letGo, waitedFor, open }
}
