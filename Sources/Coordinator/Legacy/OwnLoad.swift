import Foundation

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// How busy this machine is, for a coordinator without an agent beside it: the load of the last minute per core, and
/// this process's share of the memory.
enum OwnLoad {
    static func percentages() -> (cpu: Float, memory: Float) {
        var loads = [0.0]
        let cores = Double(max(ProcessInfo.processInfo.activeProcessorCount, 1))
        let cpu = getloadavg(&loads, 1) == 1 ? min(loads[0] / cores * 100, 100) : 0
        var usage = rusage()
        #if canImport(Glibc)
            getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
            let resident = Double(usage.ru_maxrss) * 1_024
        #else
            getrusage(RUSAGE_SELF, &usage)
            let resident = Double(usage.ru_maxrss)
        #endif
        let memory = Double(max(ProcessInfo.processInfo.physicalMemory, 1))
        return (Float(cpu), Float(min(resident / memory * 100, 100)))
    }
}
