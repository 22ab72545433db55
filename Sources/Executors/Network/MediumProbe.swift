package import GridModel

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// Finds out over which of this machine's interfaces another machine is reached, and what that is. No packet is sent.
package enum MediumProbe {
    /// - Parameter host: a name or an address. Nil: it is not known, or there is no way there.
    package static func towards(_ host: String) async -> LinkMedium? {
        let work = BlockingWork("medium", limit: 1)
        let found = await withCheckedContinuation { continuation in
            work.run { continuation.resume(returning: Self.interface(towards: host)) }
        }
        guard let found else { return nil }
        if found.isOwn { return .loopback }
        #if canImport(Darwin)
            let text = await ProgramOutput.read(
                "networksetup", ["-listallhardwareports"], environment: .ofThisProcess(), within: .seconds(5))
            return text.flatMap { medium(of: found.name, hardwarePorts: $0) } ?? .virtual
        #else
            return medium(of: found.name, folder: "/sys/class/net/\(found.name)")
        #endif
    }

    /// Linux.
    static func medium(of interface: String, folder: String) -> LinkMedium {
        // ARPHRD_LOOPBACK.
        if Folders.readText("\(folder)/type")?.hasPrefix("772") == true { return .loopback }
        let names = Folders.names(in: folder)
        if names.contains("wireless") || names.contains("phy80211") { return .wireless }
        return names.contains("device") ? .wired : .virtual
    }

    /// Darwin: what `networksetup -listallhardwareports` says of a device. Nil when it does not know it.
    package static func medium(of interface: String, hardwarePorts text: String) -> LinkMedium? {
        var port = ""
        for line in text.split(separator: "\n") {
            if line.hasPrefix("Hardware Port: ") {
                port = String(line.dropFirst(15))
            } else if line == "Device: \(interface)" {
                if port.contains("Wi-Fi") || port.contains("AirPort") { return .wireless }
                return port.contains("Bridge") || port.contains("VLAN") ? .virtual : .wired
            }
        }
        return nil
    }

    /// The interface that has the address from which a datagram would go; `isOwn` when it would not leave this machine.
    private static func interface(towards host: String) -> (name: String, isOwn: Bool)? {
        var hints = addrinfo()
        #if canImport(Darwin)
            hints.ai_socktype = SOCK_DGRAM
        #else
            hints.ai_socktype = Int32(SOCK_DGRAM.rawValue)
        #endif
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, "9", &hints, &list) == 0, let info = list?.pointee else { return nil }
        defer { freeaddrinfo(list) }
        let socket = socket(info.ai_family, info.ai_socktype, info.ai_protocol)
        guard socket >= 0 else { return nil }
        defer { close(socket) }
        guard connect(socket, info.ai_addr, info.ai_addrlen) == 0 else { return nil }
        var own = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let isKnown = withUnsafeMutablePointer(to: &own) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(socket, $0, &length) == 0 }
        }
        guard isKnown,
            let from = withUnsafePointer(
                to: &own, { $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { text($0, length) } })
        else { return nil }
        if from == text(info.ai_addr, info.ai_addrlen) { return ("", true) }
        var first: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&first) == 0 else { return nil }
        defer { freeifaddrs(first) }
        var next = first
        while let entry = next?.pointee {
            next = entry.ifa_next
            guard let address = entry.ifa_addr, Int32(address.pointee.sa_family) == info.ai_family,
                text(address, info.ai_addrlen) == from
            else { continue }
            return (String(cString: entry.ifa_name), false)
        }
        return nil
    }

    private static func text(_ address: UnsafePointer<sockaddr>?, _ length: socklen_t) -> String? {
        var text = [CChar](repeating: 0, count: 256)
        guard getnameinfo(address, length, &text, 256, nil, 0, NI_NUMERICHOST) == 0 else { return nil }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
