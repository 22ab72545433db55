#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// What `uname` says.
struct SystemName {
    let os: String
    let release: String
    let machine: String
    let host: String

    static func read() -> SystemName {
        var name = utsname()
        uname(&name)
        return SystemName(
            os: text(&name.sysname) == "Darwin" ? "macos" : text(&name.sysname).lowercased(),
            release: text(&name.release), machine: text(&name.machine), host: text(&name.nodename))
    }

    private static func text<Field>(_ field: inout Field) -> String {
        withUnsafeBytes(of: &field) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
}

/// The size of a disk.
struct DiskSpace {
    let total: Int64
    /// What this user can still write.
    let free: Int64

    static func read(_ folder: String) -> DiskSpace? {
        var status = statvfs()
        guard statvfs(folder, &status) == 0 else { return nil }
        let block = Int64(status.f_frsize)
        return DiskSpace(total: Int64(status.f_blocks) * block, free: Int64(status.f_bavail) * block)
    }
}

/// Processor time of all cores since boot, in ticks.
struct ProcessorTicks: Hashable {
    var busy: UInt64
    var total: UInt64

    /// 0 ... 100.
    func percent(since earlier: ProcessorTicks) -> Double {
        guard total > earlier.total, busy >= earlier.busy else { return 0 }
        return min(100, 100 * Double(busy - earlier.busy) / Double(total - earlier.total))
    }
}

#if canImport(Darwin)
    enum SystemFacts {
        static func cores() -> Int { number("hw.logicalcpu").map(Int.init) ?? 1 }

        static func memoryBytes() -> Int64 { number("hw.memsize") ?? 0 }

        static func osVersion() -> String? {
            var size = 0
            guard sysctlbyname("kern.osproductversion", nil, &size, nil, 0) == 0, size > 1 else { return nil }
            var text = [UInt8](repeating: 0, count: size)
            guard sysctlbyname("kern.osproductversion", &text, &size, nil, 0) == 0 else { return nil }
            return String(decoding: text.prefix { $0 != 0 }, as: UTF8.self)
        }

        static func processorTicks() -> ProcessorTicks? {
            var info = host_cpu_load_info()
            var count = mach_msg_type_number_t(
                MemoryLayout<host_cpu_load_info>.size / MemoryLayout<integer_t>.size)
            let result = withUnsafeMutablePointer(to: &info) { pointer in
                pointer.withMemoryRebound(to: integer_t.self, capacity: Int(count)) {
                    host_statistics(mach_host_self(), HOST_CPU_LOAD_INFO, $0, &count)
                }
            }
            guard result == KERN_SUCCESS else { return nil }
            let (user, system, idle, nice) = info.cpu_ticks
            let busy = UInt64(user) + UInt64(system) + UInt64(nice)
            return ProcessorTicks(busy: busy, total: busy + UInt64(idle))
        }

        static func availableMemoryBytes() -> Int64? {
            var info = vm_statistics64()
            var count = mach_msg_type_number_t(MemoryLayout<vm_statistics64>.size / MemoryLayout<integer_t>.size)
            let result = withUnsafeMutablePointer(to: &info) { pointer in
                pointer.withMemoryRebound(to: integer_t.self, capacity: Int(count)) {
                    host_statistics64(mach_host_self(), HOST_VM_INFO64, $0, &count)
                }
            }
            guard result == KERN_SUCCESS else { return nil }
            let pages = Int64(info.free_count) + Int64(info.inactive_count) + Int64(info.purgeable_count)
            return pages * Int64(getpagesize())
        }

        private static func number(_ name: String) -> Int64? {
            var value: Int64 = 0
            var size = MemoryLayout<Int64>.size
            guard sysctlbyname(name, &value, &size, nil, 0) == 0 else { return nil }
            return value
        }
    }
#else
    enum SystemFacts {
        static func cores() -> Int { max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))) }

        static func memoryBytes() -> Int64 { memory("MemTotal") ?? 0 }

        static func osVersion() -> String? {
            Folders.readText("/etc/os-release")?.split(separator: "\n").first { $0.hasPrefix("PRETTY_NAME=") }
                .map { String($0.dropFirst("PRETTY_NAME=".count).filter { $0 != "\"" }) }
        }

        static func processorTicks() -> ProcessorTicks? {
            Folders.read("/proc/stat").flatMap(ProcessorTicks.init(procStat:))
        }

        static func availableMemoryBytes() -> Int64? { memory("MemAvailable") }

        /// `/proc/meminfo` counts in KiB.
        private static func memory(_ name: String) -> Int64? {
            guard let text = Folders.readText("/proc/meminfo"),
                let line = text.split(separator: "\n").first(where: { $0.hasPrefix(name + ":") })
            else { return nil }
            return line.split(separator: " ").dropFirst().first.flatMap { Int64($0) }.map { $0 * 1_024 }
        }
    }
#endif

extension ProcessorTicks {
    /// The first line of `/proc/stat`: user, nice, system, idle, iowait, irq, softirq, steal.
    init?(procStat: [UInt8]) {
        let line = procStat.prefix { $0 != 10 }
        let fields = String(decoding: line, as: UTF8.self).split(separator: " ")
        guard fields.first == "cpu", fields.count > 4 else { return nil }
        let ticks = fields.dropFirst().prefix(8).compactMap { UInt64($0) }
        guard ticks.count == min(8, fields.count - 1) else { return nil }
        total = ticks.reduce(0, +)
        busy = total - ticks[3] - (ticks.count > 4 ? ticks[4] : 0)
    }
}
