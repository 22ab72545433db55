import Executors
import Foundation
import GridModel

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// Whether something listens at a port, and what it says first. Blocks, as long as it is allowed to.
extension FreePorts {
    struct Failure: Error, Sendable, Hashable {
        let code: Int32
        var text: String { code == 0 ? "it says nothing" : systemErrorText(code).lowercased() }
    }

    /// Nil when a connection is taken; else why not.
    static func connectFailure(_ host: String, _ port: Int) -> String? {
        let code = connectCode(host, port, milliseconds: 2_000)
        return code == 0 ? nil : Failure(code: code).text
    }

    /// 0, or the system's code.
    static func connectCode(_ host: String, _ port: Int, milliseconds: Int32) -> Int32 {
        switch connected(host, port, milliseconds) {
        case .success(let socket):
            close(socket)
            return 0
        case .failure(let failure): return failure.code
        }
    }

    /// The first line that is sent there, 255 bytes at most, made harmless.
    static func firstLine(_ host: String, _ port: Int, milliseconds: Int32) -> Result<String, Failure> {
        connected(host, port, milliseconds).flatMap { socket in
            defer { close(socket) }
            var line: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 255)
            var wait = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
            // For all of it together: a server may send a byte at a time.
            let end = SystemClock.monotonic().advanced(byMilliseconds: Int64(milliseconds))
            while line.count < 255, !line.contains(10) {
                let left = Int32(clamping: max(0, end.milliseconds(since: SystemClock.monotonic())))
                guard poll(&wait, 1, left) > 0 else { break }
                let count = recv(socket, &buffer, buffer.count, 0)
                if count <= 0 { break }
                line += buffer[..<count]
            }
            let text = String(decoding: line.prefix { $0 != 10 && $0 != 13 }.prefix(255), as: UTF8.self)
            return text.isEmpty ? .failure(Failure(code: 0)) : .success(TerminalText.oneLine(text))
        }
    }

    private static func connected(_ host: String, _ port: Int, _ milliseconds: Int32) -> Result<Int32, Failure> {
        var hints = addrinfo()
        hints.ai_flags = AI_NUMERICSERV
        #if canImport(Darwin)
            hints.ai_socktype = SOCK_STREAM
        #else
            hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        #endif
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, String(port), &hints, &list) == 0, let info = list?.pointee else {
            return .failure(Failure(code: EADDRNOTAVAIL))
        }
        defer { freeaddrinfo(list) }
        let socket = socket(info.ai_family, info.ai_socktype, info.ai_protocol)
        guard socket >= 0 else { return .failure(Failure(code: errno)) }
        _ = fcntl(socket, F_SETFL, O_NONBLOCK)
        var code = connect(socket, info.ai_addr, info.ai_addrlen) == 0 ? 0 : errno
        if code == EINPROGRESS {
            var wait = pollfd(fd: socket, events: Int16(POLLOUT), revents: 0)
            var size = socklen_t(MemoryLayout<Int32>.size)
            if poll(&wait, 1, milliseconds) > 0 {
                getsockopt(socket, SOL_SOCKET, SO_ERROR, &code, &size)
            } else {
                code = ETIMEDOUT
            }
        }
        guard code == 0 else {
            close(socket)
            return .failure(Failure(code: code))
        }
        return .success(socket)
    }
}
