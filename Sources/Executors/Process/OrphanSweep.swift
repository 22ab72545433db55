import GridModel

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// Ends what an agent that was killed left running, before a new one starts. Never a stranger's process: a record
/// counts only when number, start time and boot agree, and beside that only processes that carry the mark of one of
/// this node's attempts are touched.
package struct OrphanSweep {
    private let workFolder: String
    private let recordsFolder: String

    package init(workFolder: String, recordsFolder: String) {
        self.workFolder = workFolder
        self.recordsFolder = recordsFolder
    }

    /// Blocks until they are gone, 5 s at most. Returns how many processes there were, and how many are left.
    package func run() -> (found: Int, left: Int) {
        var seen: Set<Int32> = []
        var left = 0
        for _ in 0..<500 {
            let members = leftovers()
            left = members.count
            if members.isEmpty { break }
            for member in members {
                seen.insert(member.id)
                kill(member.id, SIGKILL)
            }
            usleep(10_000)
        }
        for name in Folders.names(in: recordsFolder) { Folders.remove(recordsFolder + "/" + name) }
        for name in Folders.names(in: workFolder) { Folders.remove(workFolder + "/" + name) }
        return (seen.count, left)
    }

    private func leftovers() -> [ProcessEntry] {
        let mark = Array("\(ProcessTree.markName)=\(workFolder)/".utf8)
        let boot = ProcessTable.bootMark()
        var found: [Int32: ProcessEntry] = [:]
        for name in Folders.names(in: recordsFolder) {
            guard let record = AttemptRecord.read(from: recordsFolder + "/" + name), record.boot == boot,
                let root = ProcessTable.entry(record.process), root.startTime == record.startTime
            else { continue }
            for member in ProcessTree(root: root.id, mark: "\(workFolder)/\(name)").members() {
                found[member.id] = member
            }
        }
        for entry in ProcessTable.all() where !entry.isZombie && entry.id != getpid() && found[entry.id] == nil {
            if ProcessTable.hasInEnvironment(entry.id, where: { $0.starts(with: mark) }) { found[entry.id] = entry }
        }
        return Array(found.values)
    }
}
