import GridModel

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// Connects to a port and measures it. Blocks, as long as it is allowed to.
enum TCPCheck {
    /// Why a connection was not made: a stable word for programs.
    enum Failure: String {
        case refused, timeout, unreachable, name, other

        init(code: Int32) {
            switch code {
            case ECONNREFUSED: self = .refused
            case ETIMEDOUT: self = .timeout
            case EHOSTUNREACH, ENETUNREACH, EHOSTDOWN, ENETDOWN: self = .unreachable
            default: self = .other
            }
        }
    }

    static func run(host: HostName, port: Int, timeoutMilliseconds: Int64) -> CheckResult {
        let startedAt = SystemClock.monotonic()
        let deadline = startedAt.advanced(byMilliseconds: timeoutMilliseconds)
        switch NameLookup.addresses(of: host, port: port) {
        case .failed(let text):
            return result(host, port, nil, nil, .name, "cannot look up \(host.text): \(text)")
        case .addresses(let addresses):
            var failure = Failure.other
            var error = "\(host.text) has no address"
            for address in addresses {
                let connectingAt = SystemClock.monotonic()
                let code = connect(address, until: deadline)
                let milliseconds = SystemClock.monotonic().fractionalMilliseconds(since: connectingAt)
                if code == 0 { return result(host, port, address.text, milliseconds, nil, "") }
                failure = Failure(code: code)
                error = "cannot connect to \(address.text) port \(port): \(systemErrorText(code))"
            }
            return result(host, port, nil, nil, failure, error)
        }
    }

    private static func result(
        _ host: HostName, _ port: Int, _ address: String?, _ milliseconds: Double?, _ failure: Failure?, _ error: String
    ) -> CheckResult {
        CheckResult(
            isReached: failure == nil, error: error,
            json: .object([
                "check": .string("tcp"), "host": .string(host.text), "port": .integer(port),
                "ok": .bool(failure == nil), "address": address.map(JSONValue.string) ?? .null,
                "ms": milliseconds.map(JSONValue.number) ?? .null,
                "error_kind": failure.map { .string($0.rawValue) } ?? .null,
                "error": error.isEmpty ? .null : .string(error),
            ]))
    }

    /// 0, or the system's code.
    private static func connect(_ address: NameLookup.Address, until deadline: MonotonicTime) -> Int32 {
        #if canImport(Darwin)
            let descriptor = socket(address.family, SOCK_STREAM, 0)
            guard descriptor >= 0 else { return errno }
            _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
            _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
        #else
            let kind = SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue
            let descriptor = socket(address.family, Int32(kind), 0)
            guard descriptor >= 0 else { return errno }
        #endif
        defer { close(descriptor) }
        let code = address.socketAddress.withUnsafeBytes { bytes in
            let pointer = bytes.baseAddress!.assumingMemoryBound(to: sockaddr.self)  // as getaddrinfo made it
            return systemConnect(descriptor, pointer, socklen_t(bytes.count)) == 0 ? 0 : errno
        }
        guard code == EINPROGRESS else { return code }
        var wanted = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        let left = max(0, deadline.milliseconds(since: SystemClock.monotonic()))
        guard poll(&wanted, 1, Int32(clamping: left)) > 0 else { return ETIMEDOUT }
        var failure: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &failure, &size)
        return failure
    }
}

private func systemConnect(_ descriptor: Int32, _ address: UnsafePointer<sockaddr>, _ length: socklen_t) -> Int32 {
    connect(descriptor, address, length)
}
