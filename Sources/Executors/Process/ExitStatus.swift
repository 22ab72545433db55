import GridModel

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// What the system tells of a program that ended.
struct ExitStatus: Sendable, Hashable {
    var exitCode: Int32?
    var signal: Int32?
    var usage: Usage

    /// Takes the ended process from the table. Waits if it has not ended.
    static func reap(_ id: Int32) -> ExitStatus {
        var status: Int32 = 0
        var used = rusage()
        while wait4(id, &status, 0, &used) < 0 {
            guard errno == EINTR else { return ExitStatus(usage: Usage()) }
        }
        let signal = status & 0x7f
        return ExitStatus(
            exitCode: signal == 0 ? (status >> 8) & 0xff : nil, signal: signal == 0 ? nil : signal,
            usage: Usage(
                userMicroseconds: microseconds(used.ru_utime), systemMicroseconds: microseconds(used.ru_stime),
                maxResidentBytes: Int64(used.ru_maxrss) * residentUnit))
    }

    /// Whether it ended; it stays in the table.
    static func hasEnded(_ id: Int32) -> Bool {
        var info = siginfo_t()
        return waitid(P_PID, id_t(id), &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_signo == SIGCHLD
    }

    func outcome(_ cause: ProcessLifecycle.Cause?, timeoutMilliseconds: Int64, runMicroseconds: Int64) -> AttemptOutcome
    {
        let end: AttemptOutcome.End
        let error: String
        switch cause {
        case .cancelled?: (end, error) = (.cancelled, "cancelled while it ran")
        case .timedOut?:
            (end, error) = (.timedOut, "did not end within \(Self.text(milliseconds: timeoutMilliseconds))")
        case nil where exitCode == 0: (end, error) = (.succeeded, "")
        case nil:
            (end, error) = (.failed, signal.map { "ended by signal \($0)" } ?? "ended with exit code \(exitCode ?? -1)")
        }
        return AttemptOutcome(
            end: end, exitCode: exitCode, signal: signal, error: error, usage: usage,
            runMicroseconds: runMicroseconds)
    }

    private static func text(milliseconds: Int64) -> String {
        milliseconds % 1_000 == 0 ? "\(milliseconds / 1_000) s" : "\(milliseconds) ms"
    }

    private static func microseconds(_ time: timeval) -> Int64 {
        Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_usec)
    }

    #if canImport(Darwin)
        private static let residentUnit: Int64 = 1
    #else
        private static let residentUnit: Int64 = 1_024
    #endif
}
