package import NIOCore
import NIOSSL
import Synchronization

/// Knocks at the ports of machines: SSH, WS-Management, and a grid's. Polite: one connection to each port, no log-in, so
/// many connections a second and so many machines at a time.
package struct HostProbe: Sendable {
    package struct Settings: Sendable {
        /// Which port each kind of listener is looked for at.
        package var ports: [(kind: ProbedPort.Kind, port: Int)] = ProbedPort.Kind.allCases.map { ($0, $0.rawValue) }
        /// Machines at a time.
        package var width = 64
        /// Connections begun a second.
        package var rate = 256

        package init() {}
    }

    private let settings: Settings
    private let conversation: Conversation
    private let tls: NIOSSLContext
    private let pace: Pace

    package init(group: any EventLoopGroup, settings: Settings = Settings()) throws {
        self.settings = settings
        conversation = Conversation(group: group)
        var configuration = TLSConfiguration.makeClientConfiguration()
        // Whoever answers is a stranger, and is told nothing: the certificate is looked at, not believed.
        configuration.certificateVerification = .none
        configuration.applicationProtocols = ["h2", "http/1.1"]
        tls = try NIOSSLContext(configuration: configuration)
        pace = Pace(perSecond: settings.rate)
    }

    /// Machines are told as they are done with; those that gave no sign of life too.
    package func search(_ addresses: [IPv4Address], onHost: @escaping @Sendable (FoundHost) -> Void) async {
        await withTaskGroup(of: FoundHost.self) { group in
            var waiting = addresses.makeIterator()
            var open = 0
            while open < settings.width, let next = waiting.next() {
                group.addTask { await look(at: next) }
                open += 1
            }
            while let host = await group.next() {
                onHost(host)
                if !Task.isCancelled, let next = waiting.next() { group.addTask { await look(at: next) } }
            }
        }
    }

    package func look(at address: IPv4Address) async -> FoundHost {
        var host = FoundHost(address: address)
        host.ports = await withTaskGroup(of: ProbedPort.self) { group in
            for (kind, port) in settings.ports { group.addTask { await knock(address, kind, port) } }
            return await group.reduce(into: []) { $0.append($1) }.sorted { $0.port < $1.port }
        }
        for port in host.ports where !port.certificate.isEmpty {
            host.certificates[port.port] = ShownCertificate(der: port.certificate)
        }
        return host
    }

    private func knock(_ address: IPv4Address, _ kind: ProbedPort.Kind, _ port: Int) async -> ProbedPort {
        await pace.turn()
        let place = "\(address)"
        let reply: Conversation.Reply
        switch kind {
        case .ssh: reply = await conversation.hold(place, port) { $0.contains(10) }
        case .wsman:
            reply = await conversation.hold(place, port, saying: WSManIdentify.request(host: place, port: port)) { _ in
                false
            }
        case .wsmanTLS:
            reply = await conversation.hold(
                place, port, tls: tls, saying: WSManIdentify.request(host: place, port: port)
            ) { _ in false }
        case .grid: reply = await conversation.hold(place, port, tls: tls) { _ in true }
        }
        switch reply {
        case .failed(let state): return ProbedPort(kind: kind, port: port, state: state)
        case .talked(let bytes, let certificate, let milliseconds):
            var found = ProbedPort(kind: kind, port: port, state: .open)
            found.milliseconds = milliseconds
            found.certificate = certificate
            switch kind {
            case .ssh:
                let line = bytes.prefix { $0 != 10 && $0 != 13 }.prefix(255)
                found.words = line.starts(with: Array("SSH-".utf8)) ? String(decoding: line, as: UTF8.self) : ""
            case .wsman, .wsmanTLS: found.words = WSManIdentify.words(bytes)
            case .grid: break
            }
            return found
        }
    }
}

/// Gives turns at an even pace.
private final class Pace: Sendable {
    private let gap: Duration
    private let next: Mutex<ContinuousClock.Instant>

    init(perSecond: Int) {
        gap = .nanoseconds(1_000_000_000 / max(1, perSecond))
        next = Mutex(.now)
    }

    func turn() async {
        let turn = next.withLock { next in
            let turn = max(next, .now)
            next = turn + gap
            return turn
        }
        try? await Task.sleep(until: turn)
    }
}
