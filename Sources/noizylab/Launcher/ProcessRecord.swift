import Executors
import Foundation

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// A process by which it can be found again and never be mistaken: its number alone may belong to a stranger by now, so
/// its start time and the machine's boot go with it. Kept in `run/<part>.json`, written by the process itself.
struct ProcessRecord: Codable, Sendable, Hashable {
    var pid: Int32
    var startTime: UInt64
    var boot: String
    /// Of a coordinator that takes connections.
    var listen: String?
    var edge: String?
    /// Of a supervisor.
    var parts: [SupervisedPart]?

    /// What a supervisor knows of one of its processes.
    struct SupervisedPart: Codable, Sendable, Hashable {
        var name: String
        var pid: Int32?
        /// How often it had to be started again.
        var restarts: Int
        /// How often, lately, it ended soon after it was started.
        var quickEnds: Int
        var lastExit: String?
    }

    init(pid: Int32, startTime: UInt64, boot: String) {
        self.pid = pid
        self.startTime = startTime
        self.boot = boot
    }

    static func ofThisProcess() -> ProcessRecord {
        let pid = getpid()
        return ProcessRecord(
            pid: pid, startTime: ProcessTable.entry(pid)?.startTime ?? 0, boot: ProcessTable.bootMark())
    }

    /// The very process that was recorded still runs.
    var isAlive: Bool {
        guard boot == ProcessTable.bootMark(), let entry = ProcessTable.entry(pid) else { return false }
        return entry.startTime == startTime && !entry.isZombie
    }

    /// Sends a signal to it, and to nobody else.
    func signal(_ number: Int32) {
        if isAlive { kill(pid, number) }
    }

    static func read(_ part: GridPart, in home: HomeFolder) -> ProcessRecord? {
        JSONFile.read(ProcessRecord.self, from: home.record(part))
    }

    /// Of a part that runs now.
    static func living(_ part: GridPart, in home: HomeFolder) -> ProcessRecord? {
        read(part, in: home).flatMap { $0.isAlive ? $0 : nil }
    }

    /// Every part of this home that runs now, whatever the plan says.
    static func allLiving(in home: HomeFolder) -> [(part: GridPart, record: ProcessRecord)] {
        Folders.names(in: home.run).sorted().compactMap { name in
            guard name.hasSuffix(".json"), let part = GridPart(name.dropLast(5)), let record = living(part, in: home)
            else { return nil }
            return (part, record)
        }
    }
}
