import Executors
import GridModel
import Synchronization

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// The words by which one agent knows that another lives: random, told to the coordinator alone, and by it to those
/// whom it asks to look. Whoever overheard them could make the coordinator wait a few seconds longer, and no more.
struct PulseWords: Sendable, Hashable {
    var port: UInt16
    var question: [UInt8]
    var answer: [UInt8]
}

/// Answers over UDP, on a thread of its own that no work can stall, whoever knows the question: for nodes that look
/// after this one when the coordinator does not hear it.
final class PulseResponder: Sendable {
    let words: PulseWords
    private let socket: Int32
    private let isStopped = Atomic(false)

    /// Nil when the system gives no socket; then nobody can vouch for this node.
    init?() {
        guard let socket = PulseSocket.open(timeoutMilliseconds: 500), let port = PulseSocket.bind(socket) else {
            return nil
        }
        self.socket = socket
        words = PulseWords(
            port: port, question: (0..<16).map { _ in .random(in: 0...255) },
            answer: (0..<16).map { _ in .random(in: 0...255) })
    }

    func start() {
        SystemThread.start("pulse") {
            SystemPriority.raise()
            while !self.isStopped.load(ordering: .relaxed) { self.serveOne() }
            close(self.socket)
        }
        .detach()
    }

    func stop() { isStopped.store(true, ordering: .relaxed) }

    private func serveOne() {
        var buffer = [UInt8](repeating: 0, count: 64)
        var peer = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let count = withUnsafeMutablePointer(to: &peer) { storage in
            storage.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                recvfrom(socket, &buffer, buffer.count, 0, address, &length)
            }
        }
        guard count == words.question.count, Array(buffer.prefix(count)) == words.question else { return }
        withUnsafePointer(to: &peer) { storage in
            storage.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                _ = sendto(socket, words.answer, words.answer.count, 0, address, length)
            }
        }
    }
}

/// Looks whether another node answers. Blocks for some hundred milliseconds at most.
enum PulseCheck {
    static func reaches(_ host: String, _ words: PulseWords) -> Bool {
        guard let socket = PulseSocket.open(timeoutMilliseconds: 120) else { return false }
        defer { close(socket) }
        guard PulseSocket.connect(socket, to: host, port: words.port) else { return false }
        for _ in 0..<2 {
            _ = send(socket, words.question, words.question.count, 0)
            var buffer = [UInt8](repeating: 0, count: 64)
            let count = recv(socket, &buffer, buffer.count, 0)
            if count == words.answer.count, Array(buffer.prefix(count)) == words.answer { return true }
        }
        return false
    }
}

/// UDP sockets that speak both families.
private enum PulseSocket {
    static func open(timeoutMilliseconds: Int32) -> Int32? {
        #if canImport(Darwin)
            let handle = socket(AF_INET6, SOCK_DGRAM, 0)
        #else
            let handle = socket(AF_INET6, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        #endif
        guard handle >= 0 else { return nil }
        var off: Int32 = 0
        setsockopt(handle, Int32(IPPROTO_IPV6), IPV6_V6ONLY, &off, socklen_t(MemoryLayout<Int32>.size))
        var timeout = timeval()
        timeout.tv_sec = numericCast(timeoutMilliseconds / 1_000)
        timeout.tv_usec = numericCast(timeoutMilliseconds % 1_000 * 1_000)
        setsockopt(handle, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        #if canImport(Darwin)
            _ = fcntl(handle, F_SETFD, FD_CLOEXEC)
        #endif
        return handle
    }

    /// To any address and a free port, which it returns.
    static func bind(_ handle: Int32) -> UInt16? {
        var address = sockaddr_in6()
        address.sin6_family = sa_family_t(AF_INET6)
        var length = socklen_t(MemoryLayout<sockaddr_in6>.size)
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                #if canImport(Darwin)
                    Darwin.bind(handle, generic, length) == 0 && getsockname(handle, generic, &length) == 0
                #else
                    Glibc.bind(handle, generic, length) == 0 && getsockname(handle, generic, &length) == 0
                #endif
            }
        }
        guard isBound else {
            close(handle)
            return nil
        }
        return UInt16(bigEndian: address.sin6_port)
    }

    /// `host` is an address in numbers.
    static func connect(_ handle: Int32, to host: String, port: UInt16) -> Bool {
        var address = sockaddr_in6()
        address.sin6_family = sa_family_t(AF_INET6)
        address.sin6_port = port.bigEndian
        let text = host.contains(":") ? host : "::ffff:\(host)"
        guard inet_pton(AF_INET6, text, &address.sin6_addr) == 1 else { return false }
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                #if canImport(Darwin)
                    Darwin.connect(handle, generic, socklen_t(MemoryLayout<sockaddr_in6>.size)) == 0
                #else
                    Glibc.connect(handle, generic, socklen_t(MemoryLayout<sockaddr_in6>.size)) == 0
                #endif
            }
        }
    }
}
