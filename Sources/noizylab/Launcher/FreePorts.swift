import Foundation

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// Which TCP ports can be listened on.
enum FreePorts {
    /// Whether nothing listens there. Says nothing of a moment later.
    static func isFree(_ host: String, _ port: Int) -> Bool { bind(host, port) != nil }

    /// Different ports that were free a moment ago, below those that systems give to outgoing connections: a listener
    /// that is away for a moment must find its port free when it comes back.
    static func find(_ count: Int, host: String = "127.0.0.1") -> [Int] {
        var found: [Int] = []
        while found.count < count {
            let port = Int.random(in: range)
            guard !found.contains(port), isFree(host, port) else { continue }
            found.append(port)
        }
        return found
    }

    private static let range = 20_000..<32_000

    /// The port that could be bound.
    private static func bind(_ host: String, _ port: Int) -> Int? {
        var hints = addrinfo()
        hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, String(port), &hints, &list) == 0, let info = list else { return nil }
        defer { freeaddrinfo(list) }
        let socket = socket(info.pointee.ai_family, info.pointee.ai_socktype, info.pointee.ai_protocol)
        guard socket >= 0 else { return nil }
        defer { close(socket) }
        var yes: Int32 = 1
        setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        guard Foundation.bind(socket, info.pointee.ai_addr, info.pointee.ai_addrlen) == 0, listen(socket, 1) == 0 else {
            return nil
        }
        var address = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let isKnown = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(socket, $0, &length) == 0 }
        }
        guard isKnown else { return nil }
        let family = Int32(address.ss_family)
        return withUnsafePointer(to: &address) { pointer in
            if family == AF_INET6 {
                return pointer.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) {
                    Int(UInt16(bigEndian: $0.pointee.sin6_port))
                }
            }
            return pointer.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
                Int(UInt16(bigEndian: $0.pointee.sin_port))
            }
        }
    }
}
