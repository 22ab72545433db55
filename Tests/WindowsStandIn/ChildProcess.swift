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
    private var process: pid_t?

    /// - Parameter output: the file of its standard output and errors.
    init(_ arguments: [String], output: String) throws {
        let file = open(output, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        let input = open("/dev/null", O_RDONLY)
        let variables = ProcessInfo.processInfo.environment.map { "\($0.key)=\($0.value)" }
        var (list, environment) = (arguments.map { strdup($0) }, variables.map { strdup($0) })
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
        guard failure == 0 else { throw StrictServer.Failure(description: "\(arguments) cannot be started") }
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

/// One request to a port of this machine, and all that answers it.
enum PlainExchange {
    static func run(_ request: [UInt8], port: Int) throws -> [UInt8] {
        let handle = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(handle) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let isConnected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(handle, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        guard isConnected, send(handle, request, request.count, 0) == request.count else {
            throw StrictServer.Failure(description: "nothing listens at port \(port)")
        }
        var answer: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = recv(handle, &buffer, buffer.count, 0)
            guard count > 0 else { return answer }
            answer += buffer[..<count]
        }
    }
}
