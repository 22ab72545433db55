import GridModel

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// Asks the system for a name's addresses. Blocks.
enum NameLookup {
    struct Address: Hashable {
        let text: String
        let family: Int32
        /// The system's form, to connect to.
        let socketAddress: [UInt8]
    }

    enum Answer {
        case addresses([Address])
        case failed(String)
    }

    static func run(host: HostName) -> CheckResult {
        let startedAt = SystemClock.monotonic()
        let answer = addresses(of: host, port: 0)
        let milliseconds = SystemClock.monotonic().fractionalMilliseconds(since: startedAt)
        let (addresses, error): ([Address], String) =
            switch answer {
            case .addresses(let addresses): (addresses, "")
            case .failed(let text): ([], "cannot look up \(host.text): \(text)")
            }
        return CheckResult(
            isReached: !addresses.isEmpty, error: error,
            json: .object([
                "check": .string("dns"), "host": .string(host.text), "ok": .bool(!addresses.isEmpty),
                "addresses": .array(addresses.map { .string($0.text) }), "ms": .number(milliseconds),
                "error": error.isEmpty ? .null : .string(error),
            ]))
    }

    static func addresses(of host: HostName, port: Int) -> Answer {
        var hints = addrinfo()
        #if canImport(Darwin)
            hints.ai_socktype = SOCK_STREAM
        #else
            hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        #endif
        var list: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host.text, port == 0 ? nil : String(port), &hints, &list)
        guard code == 0 else { return .failed(String(cString: gai_strerror(code)).lowercased()) }
        defer { freeaddrinfo(list) }
        var found: [Address] = []
        var next = list
        while let info = next?.pointee {
            next = info.ai_next
            guard let address = info.ai_addr else { continue }
            var text = [CChar](repeating: 0, count: 256)
            guard getnameinfo(address, info.ai_addrlen, &text, 256, nil, 0, NI_NUMERICHOST) == 0 else { continue }
            let bytes = UnsafeRawBufferPointer(start: address, count: Int(info.ai_addrlen))
            found.append(
                Address(
                    text: String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self),
                    family: info.ai_family, socketAddress: Array(bytes)))
        }
        return .addresses(found)
    }
}

extension MonotonicTime {
    /// To the microsecond.
    func fractionalMilliseconds(since earlier: MonotonicTime) -> Double {
        Double((nanoseconds - earlier.nanoseconds) / 1_000) / 1_000
    }
}
