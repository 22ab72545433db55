import Executors
import Foundation
import ProcessShims

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// Starts this program's hidden commands as processes of their own: a session each, nothing inherited, output into
/// their log.
enum PartProcess {
    static func start(_ part: GridPart, home: HomeFolder, environment: [String: String]) throws -> ProcessRecord {
        let log = open(home.logFile(part), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        let input = open("/dev/null", O_RDONLY | O_CLOEXEC)
        defer {
            close(log)
            close(input)
        }
        guard log >= 0, input >= 0 else {
            throw CommandFailure(.failure, "cannot open \(home.logFile(part)): \(systemErrorText(errno))")
        }
        var environment = environment
        environment["NOIZYLAB_HOME"] = home.path
        let program = Self.program
        var pid = pid_t()
        var handle: Int32 = -1
        let code = withCStrings([program] + part.arguments(home: home)) { arguments in
            withCStrings(environment.map { "\($0.key)=\($0.value)" }.sorted()) { variables in
                noizylab_spawn(program, arguments, variables, home.path, input, log, log, &pid, &handle)
            }
        }
        if handle >= 0 { close(handle) }
        guard code == 0 else {
            throw CommandFailure(.failure, "cannot start \(program): \(systemErrorText(code))")
        }
        return ProcessRecord(
            pid: pid, startTime: ProcessTable.entry(pid)?.startTime ?? 0, boot: ProcessTable.bootMark())
    }

    /// How a child ended; nil while it runs. Only for children of this process.
    static func reap(_ pid: Int32) -> String? {
        var status: Int32 = 0
        let result = waitpid(pid, &status, WNOHANG)
        if result == 0 || (result < 0 && errno == EINTR) { return nil }
        guard result == pid else { return "ended" }
        let signal = status & 0x7F
        return signal == 0 ? "exit code \((status >> 8) & 0xFF)" : "signal \(signal)"
    }

    /// This program's file, also when it was replaced by a newer one meanwhile.
    static let program: String = {
        #if os(Linux)
            var buffer = [CChar](repeating: 0, count: 4_096)
            let length = readlink("/proc/self/exe", &buffer, buffer.count - 1)
            if length > 0 {
                let path = String(decoding: buffer.prefix(length).map { UInt8(bitPattern: $0) }, as: UTF8.self)
                return path.hasSuffix(" (deleted)") ? String(path.dropLast(10)) : path
            }
        #endif
        return Bundle.main.executablePath ?? CommandLine.arguments[0]
    }()
}
