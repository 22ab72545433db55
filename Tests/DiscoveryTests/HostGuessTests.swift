import Discovery
import Testing

struct HostGuessTests {
    private func host(_ ports: (ProbedPort.Kind, String)...) -> FoundHost {
        var host = FoundHost(address: IPv4Address(0xC0A8_0115))
        host.ports = ports.map { kind, words in
            var port = ProbedPort(kind: kind, port: kind.rawValue, state: .open)
            port.words = words
            return port
        }
        return host
    }

    @Test(arguments: [
        ("SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3", HostGuess.Kind.linux, "Linux, Debian"),
        ("SSH-2.0-OpenSSH_8.9p1 Ubuntu-3ubuntu0.6", .linux, "Linux, Ubuntu"),
        ("SSH-2.0-OpenSSH_for_Windows_9.5", .windows, "Windows"),
        ("SSH-2.0-OpenSSH_9.6", .unix, "macOS or another Unix"),
        ("SSH-2.0-dropbear_2022.83", .linux, "a small Linux"), ("SSH-2.0-Cisco-1.25", .unknown, "SSH"),
        ("", .unknown, "SSH"),
    ])
    func `SSH's first line tells the system as far as it can`(_ banner: String, _ kind: HostGuess.Kind, _ words: String)
    {
        let guess = HostGuess(host((.ssh, banner)))
        #expect(guess.kind == kind)
        #expect(guess.words.hasPrefix(words))
    }

    @Test func `a grid is told by its certificate before anything else, and by its announcement`() {
        var found = host((.grid, ""), (.ssh, "SSH-2.0-OpenSSH_9.6"))
        #expect(HostGuess(found).kind == .unix)
        found.service = GridService(cluster: "STUDIO", node: "a", version: "1", port: 50_051, edgePort: 0)
        #expect(HostGuess(found).words == "announced as a of the grid STUDIO")
        var certificate = ShownCertificate(subject: "", names: [], fingerprint: "")
        certificate.gridCluster = "NOIZYLAB"
        certificate.gridName = "M2-Ultra"
        found.certificates[50_051] = certificate
        #expect(HostGuess(found).words == "the coordinator M2-Ultra of the grid NOIZYLAB")
    }

    @Test func `Windows is known by WS-Management, and gets no stanza without a shell for it`() {
        let found = host((.ssh, "SSH-2.0-OpenSSH_for_Windows_9.5"), (.wsman, "Microsoft Corporation OS: 10.0.20348"))
        #expect(HostGuess(found).kind == .windows)
        #expect(HostStanza(found, user: "") == nil)
        #expect(HostGuess(host((.wsman, "Openwsman Project 2.6"))).kind == .unknown)
    }

    @Test func `the stanza is what the configuration takes`() throws {
        let stanza = try #require(HostStanza(host((.ssh, "SSH-2.0-OpenSSH_9.6")), user: "studio"))
        #expect(
            stanza.text == """
                [[node]]
                name = "node-192-168-1-21"
                link = "ssh"
                address = "192.168.1.21"
                user = "studio"

                """)
        #expect(HostStanza(host(), user: "") == nil)
    }

    @Test func `there is who gave a sign of life`() {
        var found = FoundHost(address: IPv4Address(1))
        found.ports = [
            ProbedPort(kind: .ssh, port: 22, state: .silent),
            ProbedPort(kind: .grid, port: 1, state: .unreachable(113)),
        ]
        #expect(!found.isThere)
        found.ports.append(ProbedPort(kind: .wsman, port: 5_985, state: .refused))
        #expect(found.isThere)
        #expect(HostGuess(found).kind == .closed)
    }
}
