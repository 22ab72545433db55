/// One process under a supervisor: when it is to be started, and when to look again.
///
/// waiting → running (started, or found running) → waiting (ended; a longer pause after each quick end) → …
struct PartMachine: Sendable {
    enum State: Sendable, Hashable {
        /// To be started at this time.
        case waiting(until: Int64)
        case running(ProcessRecord, since: Int64, isChild: Bool)
    }

    enum Action: Sendable, Hashable {
        case start
        case none
    }

    let part: GridPart
    private(set) var state = State.waiting(until: 0)
    private(set) var restarts = 0
    private(set) var lastExit: String?
    private var quickEnds = 0

    init(_ part: GridPart) { self.part = part }

    /// Times are milliseconds of a clock that only goes forward.
    func due(at now: Int64) -> Action {
        if case .waiting(let until) = state, now >= until { return .start }
        return .none
    }

    mutating func started(_ record: ProcessRecord, isChild: Bool, at now: Int64) {
        state = .running(record, since: now, isChild: isChild)
    }

    mutating func ended(_ how: String, at now: Int64) {
        guard case .running(_, let since, _) = state else { return }
        // Whoever is killed from outside is not to blame, and is wanted back.
        if how != Self.killed { quickEnds = now - since < Self.quickMilliseconds ? quickEnds + 1 : 0 }
        restarts += 1
        lastExit = how
        state = .waiting(until: now + pause)
    }

    mutating func failedToStart(_ why: String, at now: Int64) {
        quickEnds += 1
        lastExit = why
        state = .waiting(until: now + pause)
    }

    var record: ProcessRecord? {
        if case .running(let record, _, _) = state { record } else { nil }
    }

    func report(at now: Int64) -> ProcessRecord.SupervisedPart {
        var quick = quickEnds
        // It has settled: what was before does not count any more.
        if case .running(_, let since, _) = state, now - since >= Self.quickMilliseconds { quick = 0 }
        return ProcessRecord.SupervisedPart(
            name: "\(part)", pid: record?.pid, restarts: restarts, quickEnds: quick, lastExit: lastExit)
    }

    /// At once after a long life; 100 ms, 200 ms … 10 s after quick ends; and 100 ms when it was killed, so that what
    /// kills it is not helped along.
    private var pause: Int64 {
        if lastExit == Self.killed { return Self.firstPause }
        return quickEnds == 0 ? 0 : min(Self.longestPause, Self.firstPause << Int64(min(quickEnds - 1, 10)))
    }

    private static let killed = "signal 9"
    private static let quickMilliseconds: Int64 = 10_000
    private static let firstPause: Int64 = 100
    private static let longestPause: Int64 = 10_000
}
