import Discovery

/// Found machines, for people and for programs. All that they said of themselves is a stranger's word.
struct DiscoveryListing {
    let hosts: [FoundHost]
    /// Names of configured nodes by their address.
    let known: [String: String]
    /// Addresses of this machine.
    let own: Set<IPv4Address>
    let user: String

    var listing: Listing {
        Listing(
            table: table(isWide: false), wide: table(isWide: true), documents: hosts.map(document),
            names: hosts.map { "\($0.address)" })
    }

    private func table(isWide: Bool) -> Table {
        var columns: [Table.Column] = [.init("ADDRESS"), .init("NODE"), .init("OPEN"), .init("SEEMS")]
        if isWide { columns.insert(contentsOf: [.init("HARDWARE"), .init("ANSWER", .right)], at: 3) }
        var table = Table(columns)
        for host in hosts {
            let open = host.ports.filter { $0.state == .open }
            var cells: [Table.Cell] = [
                .init("\(host.address)"), .init(node(host)),
                .init(open.isEmpty ? "-" : open.map { "\($0.port)" }.joined(separator: " ")),
                .init(HostGuess(host).words),
            ]
            if isWide {
                let soonest = open.compactMap(\.milliseconds).min()
                cells.insert(
                    contentsOf: [
                        .init(host.hardware.isEmpty ? "-" : host.hardware),
                        .init(soonest.map { "\(($0 * 10).rounded() / 10) ms" } ?? "-"),
                    ], at: 3)
            }
            table.add(cells)
        }
        return table
    }

    private func node(_ host: FoundHost) -> String {
        if let name = known["\(host.address)"] { return name }
        return own.contains(host.address) ? "(this machine)" : "-"
    }

    /// Those that could be taken in and are not yet.
    var candidates: [HostStanza] {
        hosts.filter { known["\($0.address)"] == nil && !own.contains($0.address) }.compactMap {
            HostStanza($0, user: user)
        }
    }

    /// What to do next; empty when there is nothing to do.
    var advice: String {
        guard let first = candidates.first else { return "" }
        return "to take one in, when you can log in there with a key:\n"
            + "  noizylab discover \(first.address) --add --name NAME\nor these lines in the configuration:\n\n"
            + candidates.map(\.text).joined(separator: "\n")
    }

    private func document(_ host: FoundHost) -> JSONValue {
        let guess = HostGuess(host)
        let stanza = candidates.first { $0.address == "\(host.address)" }
        return .object([
            "address": .string("\(host.address)"), "node": JSONValue(known["\(host.address)"]),
            "this_machine": .bool(own.contains(host.address)),
            "hardware": host.hardware.isEmpty ? .null : .string(host.hardware),
            "kind": .string(guess.kind.rawValue), "seems": .string(guess.words),
            "ports": .array(host.ports.map { port($0, host.certificates[$0.port]) }),
            "grid": grid(host), "stanza": JSONValue(stanza?.text),
        ])
    }

    private func port(_ port: ProbedPort, _ certificate: ShownCertificate?) -> JSONValue {
        let state =
            switch port.state {
            case .open: "open"
            case .refused: "refused"
            case .silent: "silent"
            case .unreachable: "unreachable"
            }
        return .object([
            "port": JSONValue(port.port), "state": .string(state),
            "ms": port.milliseconds.map { .double(($0 * 100).rounded() / 100) } ?? .null,
            "words": port.words.isEmpty ? .null : .string(port.words),
            "certificate": certificate.map {
                .object([
                    "subject": .string($0.subject), "names": .array($0.names.map(JSONValue.string)),
                    "fingerprint": .string($0.fingerprint),
                ])
            } ?? .null,
        ])
    }

    private func grid(_ host: FoundHost) -> JSONValue {
        let shown = host.certificates.values.compactMap(\.grid).first
        guard let name = shown?.cluster ?? host.service?.cluster else { return .null }
        return .object([
            "cluster": .string(name), "coordinator": .string(shown?.name ?? host.service?.node ?? ""),
            "certified": .bool(shown != nil), "announced": .bool(host.service != nil),
            "version": JSONValue(host.service?.version), "edge_port": JSONValue(host.service.map { Int($0.edgePort) }),
        ])
    }
}
