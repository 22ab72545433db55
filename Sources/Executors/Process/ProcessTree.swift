#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// The processes that belong to one attempt: its session and group, their descendants, and, on Linux, whoever carries
/// the attempt's mark in its environment although it left session and parents behind.
struct ProcessTree: Sendable {
    /// Holds the node's folder and the attempt: no other attempt on this machine has the same.
    static let markName = "NOIZYLAB_MARK"

    /// The first process; leads the session and the group.
    let root: Int32
    let mark: String

    /// Those that live. `root` itself must not have been reaped, or be known to be gone.
    func members() -> [ProcessEntry] {
        let all = ProcessTable.all()
        var childrenOf: [Int32: [ProcessEntry]] = [:]
        for entry in all { childrenOf[entry.parent, default: []].append(entry) }
        let variable = Array("\(Self.markName)=\(mark)".utf8)
        var found: [Int32: ProcessEntry] = [:]
        var open = all.filter { $0.id == root || $0.session == root || $0.group == root }
        open += all.filter { entry in
            !entry.isZombie && entry.session != root && entry.id != getpid()
                && ProcessTable.hasInEnvironment(entry.id) { $0.elementsEqual(variable) }
        }
        while let entry = open.popLast() {
            guard found.updateValue(entry, forKey: entry.id) == nil else { continue }
            open += childrenOf[entry.id, default: []]
        }
        return found.values.filter { !$0.isZombie }
    }

    /// Sends a signal to all of them, and says how many there were.
    @discardableResult
    func signal(_ signal: Int32) -> Int {
        let members = members()
        // The group in one call first: it leaves no gap in which one could start another.
        if members.contains(where: { $0.group == root }) { kill(-root, signal) }
        for member in members where member.group != root { kill(member.id, signal) }
        return members.count
    }
}
