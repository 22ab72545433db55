/// A machine that was found, by whatever it showed.
package struct FoundHost: Sendable, Hashable {
    package var address: IPv4Address
    /// Of its network card; empty when it is not on one of our links.
    package var hardware = ""
    package var ports: [ProbedPort] = []
    package var certificates: [Int: ShownCertificate] = [:]
    /// As it was announced.
    package var service: GridService?

    package init(address: IPv4Address) { self.address = address }

    /// It gave a sign of life.
    package var isThere: Bool {
        !hardware.isEmpty || service != nil || ports.contains { $0.state == .open || $0.state == .refused }
    }

    package func port(_ kind: ProbedPort.Kind) -> ProbedPort? {
        ports.first { $0.kind == kind && $0.state == .open }
    }
}
