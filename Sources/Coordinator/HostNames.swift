import Foundation
import GridModel

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The names and addresses of this machine, for the coordinator's certificate.
package enum HostNames {
    package static func all(adding more: [String]) -> [String] {
        var names = ["localhost", "127.0.0.1", "::1"]
        let host = ProcessInfo.processInfo.hostName
        names.append(host)
        if let short = host.split(separator: ".").first { names.append(String(short)) }
        names += addresses() + more
        var seen: Set<String> = []
        return names.filter { !$0.isEmpty && isFit($0) && seen.insert($0).inserted }
    }

    /// Reached from this machine alone.
    package static func isLoopback(_ host: String) -> Bool {
        host == "localhost" || host == "::1" || host.hasPrefix("127.")
    }

    /// Names that no certificate can hold are left out: a machine may call itself anything.
    private static func isFit(_ name: String) -> Bool {
        name.utf8.count <= 253
            && name.utf8.allSatisfy {
                (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0) || $0 == 45 || $0 == 46
                    || $0 == 58
            }
    }

    /// Of every interface that is up. Link-local IPv6 addresses are of no use without their zone.
    private static func addresses() -> [String] {
        var first: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&first) == 0, let first else { return [] }
        defer { freeifaddrs(first) }
        var found: [String] = []
        for pointer in sequence(first: first, next: { $0.pointee.ifa_next }) {
            guard let address = pointer.pointee.ifa_addr, Int32(pointer.pointee.ifa_flags) & Int32(up) != 0 else {
                continue
            }
            let family = Int32(address.pointee.sa_family)
            let length: socklen_t
            switch family {
            case AF_INET: length = socklen_t(MemoryLayout<sockaddr_in>.size)
            case AF_INET6: length = socklen_t(MemoryLayout<sockaddr_in6>.size)
            default: continue
            }
            var buffer = [CChar](repeating: 0, count: Int(NI_MAXHOST))
            guard
                getnameinfo(address, length, &buffer, socklen_t(buffer.count), nil, 0, NI_NUMERICHOST) == 0
            else { continue }
            let text = String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            if !text.contains("%") { found.append(text) }
        }
        return found
    }

    #if canImport(Glibc)
        private static let up = IFF_UP
    #else
        private static let up = IFF_UP
    #endif
}
