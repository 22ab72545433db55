import Synchronization

/// How many connections a listener takes, before it knows who makes them.
package struct ConnectionLimits: Sendable, Hashable {
    package var total = 8_192
    package var perAddress = 2_048
    /// TLS handshakes under way: a stranger's cost, paid by us.
    package var handshakes = 2_048
    package var handshakesPerAddress = 512
    /// New connections from one address, a minute.
    package var perAddressAndMinute = 6_000

    package init() {}

    /// For a listener where strangers come: they have no need of many.
    package static var strangers: ConnectionLimits {
        var limits = ConnectionLimits()
        limits.total = 2_048
        limits.perAddress = 256
        limits.handshakesPerAddress = 256
        limits.perAddressAndMinute = 1_200
        return limits
    }
}

/// Counts the open connections of one listener, and those of each address, and turns away what is too many.
final class ConnectionGate: Sendable {
    enum Refusal: String, Sendable {
        case total = "TOO_MANY_CONNECTIONS"
        case address = "TOO_MANY_CONNECTIONS_FROM_ADDRESS"
        case handshakes = "TOO_MANY_HANDSHAKES"
        case rate = "CONNECTS_TOO_OFTEN"
    }

    private struct Host {
        var open = 0
        var handshakes = 0
        var recent = 0
        var windowBeganAt: UInt64 = 0
    }

    private struct State {
        var total = 0
        var handshakes = 0
        var hosts: [String: Host] = [:]
        var sweepAt = 4_096
    }

    private static let windowNanoseconds: UInt64 = 60_000_000_000
    private let limits: ConnectionLimits
    private let state = Mutex(State())

    init(_ limits: ConnectionLimits) { self.limits = limits }

    /// Nil: it is let in, and must be given back to `close`.
    func open(_ host: String, at now: UInt64) -> Refusal? {
        state.withLock { state in
            if state.hosts.count >= state.sweepAt { Self.sweep(&state, at: now) }
            var entry = state.hosts[host] ?? Host()
            if now >= entry.windowBeganAt + Self.windowNanoseconds {
                entry.windowBeganAt = now
                entry.recent = 0
            }
            entry.recent += 1
            defer { state.hosts[host] = entry }
            if state.total >= limits.total { return .total }
            if entry.open >= limits.perAddress { return .address }
            if state.handshakes >= limits.handshakes || entry.handshakes >= limits.handshakesPerAddress {
                return .handshakes
            }
            if entry.recent > limits.perAddressAndMinute { return .rate }
            state.total += 1
            state.handshakes += 1
            entry.open += 1
            entry.handshakes += 1
            return nil
        }
    }

    func finishHandshake(_ host: String) {
        state.withLock { state in
            state.handshakes -= 1
            state.hosts[host]?.handshakes -= 1
        }
    }

    func close(_ host: String, wasHandshaking: Bool) {
        if wasHandshaking { finishHandshake(host) }
        state.withLock { state in
            state.total -= 1
            state.hosts[host]?.open -= 1
        }
    }

    private static func sweep(_ state: inout State, at now: UInt64) {
        state.hosts = state.hosts.filter { $0.value.open > 0 || now < $0.value.windowBeganAt + windowNanoseconds }
        state.sweepAt = max(4_096, state.hosts.count * 2)
    }
}
