import Foundation

#if canImport(Darwin)
    import Darwin
#endif

/// What the kernel says of one process. Children that ended and were waited for count with their parent.
struct ProcessSample: Sendable {
    var cpuNanoseconds: Double
    var residentBytes: Int64
    /// Without the pages of the program file, which all processes of one binary share.
    var anonymousBytes: Int64

    static func of(_ pid: Int32) -> ProcessSample? {
        #if os(Linux)
            guard let stat = text("/proc/\(pid)/stat"), let end = stat.lastIndex(of: ")") else { return nil }
            let fields = stat[stat.index(after: end)...].split(separator: " ")
            guard fields.count > 14, let status = text("/proc/\(pid)/status") else { return nil }
            let ticks = fields[11...14].compactMap { Double($0) }.reduce(0, +)
            return ProcessSample(
                cpuNanoseconds: ticks * 1e9 / Double(sysconf(Int32(_SC_CLK_TCK))),
                residentBytes: kilobytes("VmRSS:", status) * 1024, anonymousBytes: kilobytes("RssAnon:", status) * 1024)
        #else
            var usage = rusage_info_v2()
            let result = withUnsafeMutablePointer(to: &usage) { pointer in
                pointer.withMemoryRebound(to: rusage_info_t?.self, capacity: 1) {
                    proc_pid_rusage(pid, RUSAGE_INFO_V2, $0)
                }
            }
            guard result == 0 else { return nil }
            var base = mach_timebase_info_data_t()
            mach_timebase_info(&base)
            let time = usage.ri_user_time + usage.ri_system_time + usage.ri_child_user_time + usage.ri_child_system_time
            return ProcessSample(
                cpuNanoseconds: Double(time) * Double(base.numer) / Double(base.denom),
                residentBytes: Int64(usage.ri_resident_size), anonymousBytes: Int64(usage.ri_phys_footprint))
        #endif
    }

    /// Files of /proc have no size, so they are read to their end.
    private static func text(_ path: String) -> String? {
        guard let file = FileHandle(forReadingAtPath: path) else { return nil }
        defer { try? file.close() }
        return (try? file.readToEnd()).map { String(decoding: $0, as: UTF8.self) }
    }

    private static func kilobytes(_ key: String, _ status: String) -> Int64 {
        for line in status.split(separator: "\n") where line.hasPrefix(key) {
            return line.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().first.flatMap { Int64($0) } ?? 0
        }
        return 0
    }
}

/// The processes whose time a measurement counts.
struct GridProcesses: Sendable {
    var coordinator: Int32?
    /// By node name.
    var agents: [String: Int32] = [:]

    init(coordinator: Int32? = nil) { self.coordinator = coordinator }

    /// Those that run from the folder.
    init(in home: HomeFolder) {
        for (part, record) in ProcessRecord.allLiving(in: home) {
            switch part {
            case .coordinator: coordinator = record.pid
            case .agent(let name): agents[name] = record.pid
            case .supervisor, .links: break
            }
        }
    }

    /// Processor time so far, in nanoseconds.
    struct Times: Sendable {
        var client = 0.0
        var coordinator = 0.0
        var agents = 0.0
    }

    func times() -> Times {
        Times(
            client: ProcessSample.of(getpid())?.cpuNanoseconds ?? 0,
            coordinator: coordinator.flatMap { ProcessSample.of($0)?.cpuNanoseconds } ?? 0,
            agents: agents.values.compactMap { ProcessSample.of($0)?.cpuNanoseconds }.reduce(0, +))
    }
}

/// Nanoseconds on the monotonic clock.
func monotonicNanoseconds() -> UInt64 { DispatchTime.now().uptimeNanoseconds }
