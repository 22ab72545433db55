#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// One line of the system's process table.
package struct ProcessEntry: Sendable, Hashable {
    package let id: Int32
    let parent: Int32
    let group: Int32
    let session: Int32
    /// With `id` it names a process for ever (until a reboot): ticks since boot on Linux, microseconds on Darwin.
    package let startTime: UInt64
    /// It has ended and waits to be reaped.
    package let isZombie: Bool
}

/// Reads the system's process table.
package enum ProcessTable {
    #if canImport(Darwin)
        package static func entry(_ id: Int32) -> ProcessEntry? {
            list([CTL_KERN, KERN_PROC, KERN_PROC_PID, id]).first { $0.id == id }
        }

        static func all() -> [ProcessEntry] { list([CTL_KERN, KERN_PROC, KERN_PROC_ALL, 0]) }

        private static func list(_ name: [Int32]) -> [ProcessEntry] {
            var name = name
            var size = 0
            guard sysctl(&name, UInt32(name.count), nil, &size, nil, 0) == 0, size > 0 else { return [] }
            let stride = MemoryLayout<kinfo_proc>.stride
            // Some more than it said: processes are started all the time.
            var infos = [kinfo_proc](repeating: kinfo_proc(), count: size / stride + 64)
            size = infos.count * stride
            guard sysctl(&name, UInt32(name.count), &infos, &size, nil, 0) == 0 else { return [] }
            return infos.prefix(size / stride).map { info in
                let start = info.kp_proc.p_un.__p_starttime
                return ProcessEntry(
                    id: info.kp_proc.p_pid, parent: info.kp_eproc.e_ppid, group: info.kp_eproc.e_pgid,
                    session: getsid(info.kp_proc.p_pid),
                    startTime: UInt64(start.tv_sec) * 1_000_000 + UInt64(start.tv_usec),
                    isZombie: info.kp_proc.p_stat == SZOMB)
            }
        }

        /// Another process's environment is not to be had.
        static func hasInEnvironment(_ id: Int32, where matches: (ArraySlice<UInt8>) -> Bool) -> Bool { false }

        /// Start times are wall-clock times: they tell boots apart by themselves.
        package static func bootMark() -> String { "darwin" }
    #else
        package static func entry(_ id: Int32) -> ProcessEntry? {
            Folders.read("/proc/\(id)/stat").flatMap(parse)
        }

        static func all() -> [ProcessEntry] {
            Folders.names(in: "/proc").compactMap { Int32($0) }.compactMap(entry)
        }

        /// `pid (name) state ppid pgrp session …`, where the name may hold anything.
        static func parse(_ stat: [UInt8]) -> ProcessEntry? {
            guard let nameEnd = stat.lastIndex(of: 41), let idEnd = stat.firstIndex(of: 32),
                let id = Int32(String(decoding: stat[..<idEnd], as: UTF8.self))
            else { return nil }
            let fields = stat[(nameEnd + 1)...].split(separator: 32).map { String(decoding: $0, as: UTF8.self) }
            guard fields.count > 19, let parent = Int32(fields[1]), let group = Int32(fields[2]),
                let session = Int32(fields[3]), let startTime = UInt64(fields[19])
            else { return nil }
            return ProcessEntry(
                id: id, parent: parent, group: group, session: session, startTime: startTime,
                isZombie: fields[0] == "Z" || fields[0] == "X")
        }

        /// Whether one of the variables that a process was started with, as `NAME=value`, is a match.
        static func hasInEnvironment(_ id: Int32, where matches: (ArraySlice<UInt8>) -> Bool) -> Bool {
            guard let environment = Folders.read("/proc/\(id)/environ", limit: 4 << 20) else { return false }
            return environment.split(separator: 0).contains(where: matches)
        }

        package static func bootMark() -> String {
            let text = Folders.readText("/proc/sys/kernel/random/boot_id") ?? "unknown"
            return String(text.prefix { !$0.isWhitespace })
        }
    #endif
}
