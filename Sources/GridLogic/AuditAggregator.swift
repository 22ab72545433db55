package import GridModel

/// Decides what goes into the audit one by one and what is counted: changes always stand alone; of denials and
/// submissions, which anybody can make in any number, the first of a kind stands at once, and those that follow within
/// `windowMilliseconds` become one entry with their count. So the audit of a flood is a few lines a minute.
///
/// Kinds are bounded: beyond `kindLimit` at once, further ones are counted together, from everywhere.
package struct AuditAggregator: Sendable {
    package static let windowMilliseconds: Int64 = 10_000
    package static let kindLimit = 4_096

    private struct Window: Sendable {
        let closesAt: MonotonicTime
        /// What came after the first; nil while nothing did.
        var repeated: AuditEntry?
    }

    private var ready: [AuditEntry] = []
    private var windows: [AuditEntry.Kind: Window] = [:]

    package init() {}

    /// Stands alone.
    package mutating func add(single entry: AuditEntry) { ready.append(entry) }

    /// May be counted with others of its kind. True when it is ready at once.
    @discardableResult
    package mutating func add(repeatable entry: AuditEntry, at now: MonotonicTime) -> Bool {
        var entry = entry
        if windows[entry.kind] == nil, windows.count >= Self.kindLimit {
            entry.who = Self.many
            entry.from = Self.many
            entry.subject = ""
        }
        guard var window = windows[entry.kind] else {
            windows[entry.kind] = Window(closesAt: now.advanced(byMilliseconds: Self.windowMilliseconds))
            ready.append(entry)
            return true
        }
        if var repeated = window.repeated {
            repeated.count += entry.count
            repeated.lastAt = entry.lastAt
            if repeated.subject != entry.subject { repeated.subject = "" }
            window.repeated = repeated
        } else {
            window.repeated = entry
        }
        windows[entry.kind] = window
        return false
    }

    /// What is to be written now, in order. `isLast`: also what is still being counted.
    package mutating func takeReady(at now: MonotonicTime, isLast: Bool = false) -> [AuditEntry] {
        var entries = ready
        ready.removeAll(keepingCapacity: true)
        let closed = windows.filter { isLast || $0.value.closesAt <= now }
        entries += closed.values.compactMap(\.repeated)
            .sorted { ($0.firstAt, $0.who, $0.what) < ($1.firstAt, $1.who, $1.what) }
        for (kind, window) in closed {
            // While it goes on it stays counted; a quiet window is forgotten.
            windows[kind] =
                window.repeated == nil || isLast
                ? nil : Window(closesAt: now.advanced(byMilliseconds: Self.windowMilliseconds))
        }
        return entries
    }

    private static let many = "(many)"
}
