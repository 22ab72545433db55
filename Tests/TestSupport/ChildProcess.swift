import Foundation
import ProcessShims

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// A program of a test. Foundation's `Process` waits for ever when another one begins at the same moment and inherits its
/// descriptors.
final class ChildProcess: @unchecked Sendable {
    // Only the test that made it uses it.
    private(set) var process: pid_t?

    /// - Parameter output: the file of its standard output and errors.
    init(_ arguments: [String], output: String) throws {
        let file = open(output, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        let input = open("/dev/null", O_RDONLY)
        let variables = ProcessInfo.processInfo.environment.map { "\($0.key)=\($0.value)" }
        var (list, environment) = ((["env"] + arguments).map { strdup($0) }, variables.map { strdup($0) })
        list.append(nil)
        environment.append(nil)
        defer {
            for text in list + environment { free(text) }
            for descriptor in [file, input] { close(descriptor) }
        }
        var started = pid_t()
        var handle: Int32 = -1
        let failure = noizylab_spawn("/usr/bin/env", list, environment, "/", input, file, file, &started, &handle)
        if handle >= 0 { close(handle) }
        guard failure == 0 else { throw TestFailure("\(arguments) cannot be started") }
        process = started
    }

    /// Its exit code, or what `waitpid` tells of a signal.
    @discardableResult
    func wait() -> Int32 {
        guard let process else { return -1 }
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0 && errno == EINTR {}
        self.process = nil
        return status & 0x7f == 0 ? status >> 8 : status
    }

    func kill() {
        #if canImport(Darwin)
            if let process { _ = Darwin.kill(process, SIGKILL) }
        #else
            if let process { _ = Glibc.kill(process, SIGKILL) }
        #endif
        wait()
    }
}
