import GridLogic
import Testing

struct GridChecksTests {
    @Test func `a configuration that cannot be used says what to write instead`() {
        var facts = GridChecks.Configuration()
        facts.path = "noizylab.toml"
        #expect(GridChecks.configuration(facts).map(\.level) == [.ok])

        facts.failure = Complaint("noizylab.toml:3: unknown key 'lisen'", try: "'listen'")
        #expect(
            GridChecks.configuration(facts) == [
                Finding(.configuration, .failed, "noizylab.toml:3: unknown key 'lisen'", try: "'listen'")
            ])
    }

    @Test func `nodes that have to dial in cannot reach a coordinator on loopback`() {
        var facts = GridChecks.Configuration()
        facts.listenHost = "127.0.0.1"
        facts.awaitedAgents = ["Mac-Pro"]
        #expect(GridChecks.configuration(facts).map(\.level) == [.warning])

        facts.listenHost = "0.0.0.0"
        #expect(GridChecks.configuration(facts).map(\.level) == [.ok])
    }

    private func part(_ name: String, alive: Bool, quick: Int = 0) -> GridChecks.Process {
        .init(name: name, isAlive: alive, quickEnds: quick, lastExit: quick > 0 ? "exit code 1" : nil)
    }

    @Test func `what runs under a supervisor is well, also a part between two lives`() {
        let parts = [part("supervisor", alive: true), part("coordinator", alive: true), part("agent-a", alive: false)]

        #expect(GridChecks.processes(parts, leftovers: []).map(\.level) == [.ok])
    }

    @Test func `a part that keeps ending, a supervisor that is gone and files that were left are told`() {
        let looping = [part("supervisor", alive: true), part("coordinator", alive: false, quick: 4)]
        #expect(
            GridChecks.processes(looping, leftovers: []) == [
                Finding(
                    .processes, .failed, "coordinator ends as soon as it is started (exit code 1)",
                    try: "noizylab logs coordinator")
            ])

        let orphans = [part("supervisor", alive: false), part("coordinator", alive: true)]
        #expect(GridChecks.processes(orphans, leftovers: []).map(\.level) == [.failed, .warning])

        let crashed = [part("supervisor", alive: false), part("coordinator", alive: false)]
        let found = GridChecks.processes(crashed, leftovers: ["/tmp/noizylab-x"])
        #expect(found.map(\.level) == [.warning])
        #expect(found[0].text.hasSuffix("run/supervisor.json, run/coordinator.json, /tmp/noizylab-x"))
    }

    @Test func `a store is whole, damaged or unknown`() {
        #expect(GridChecks.store(.checked(path: "/s", answer: "ok", bytes: 4_096)).level == .ok)
        #expect(GridChecks.store(.checked(path: "/s", answer: "row 3 missing", bytes: 1)).level == .failed)
        #expect(GridChecks.store(.unknown(path: "/s", why: "it is locked")).level == .warning)
        #expect(GridChecks.store(.none).level == .ok)
    }

    private func certificate(_ left: Int64?, authority: Bool = false) -> GridChecks.Certificate {
        .init(
            owner: authority ? "the authority" : "node 'a'", path: "/p", left: left, life: 30 * 86_400,
            failure: left == nil ? "it is not PEM" : "", isAuthority: authority)
    }

    @Test(arguments: [
        (Int64(20) * 86_400 as Int64?, false, Finding.Level.ok), (4 * 86_400, false, .warning), (0, false, .failed),
        (nil, false, .failed), (100 * 86_400, true, .ok), (30 * 86_400, true, .warning), (-1, true, .failed),
        (nil, true, .failed),
    ])
    func `a certificate warns when it should have been renewed, the authority two months ahead`(
        _ left: Int64?, _ isAuthority: Bool, _ level: Finding.Level
    ) {
        #expect(GridChecks.certificates([certificate(left, authority: isAuthority)]).map(\.level) == [level])
    }

    @Test func `whoever does not know the authority is named`() {
        let found = GridChecks.trust([
            .init(owner: "node 'a'", path: "/a/ca.pem", knowsAuthority: false),
            .init(owner: "node 'b'", path: "/b/ca.pem", knowsAuthority: true),
        ])

        #expect(found.map(\.level) == [.failed])
        #expect(found[0].text.contains("node 'a'"))
        #expect(GridChecks.trust([]).map(\.level) == [.skipped])
    }

    @Test(arguments: [
        ("OpenSSH_9.2p1" as String?, 46, ["there"], Finding.Level.ok), (nil, 46, ["there"], .failed),
        ("Sun_SSH_1.1", 46, ["there"], .warning), ("OpenSSH_9.2p1", 120, ["there"], .failed), (nil, 46, [], .skipped),
    ])
    func `ssh is wanted where a node needs it`(
        _ version: String?, _ path: Int, _ nodes: [String], _ level: Finding.Level
    ) {
        let client = GridChecks.SSHClient(version: version, socketPath: path, socketLimit: 107, nodes: nodes)
        #expect(GridChecks.ssh(client).level == level)
    }

    @Test func `the verdict tells this machine from its nodes`() {
        let fine = Finding(.ports, .ok, "")
        let warning = Finding(.clock, .warning, "")
        let broken = Finding(.modes, .failed, "")
        let node = Finding(.spool, node: "a", .failed, "")
        let gone = Finding(.connection, node: "a", .failed, "")

        #expect(DoctorReport([fine, warning]).verdict(askedFor: nil) == .well)
        #expect(DoctorReport([fine, broken, node]).verdict(askedFor: nil) == .failed)
        #expect(DoctorReport([fine, node]).verdict(askedFor: nil) == .someNodesFailed)
        #expect(DoctorReport([fine, node]).verdict(askedFor: "a") == .failed)
        #expect(DoctorReport([node, gone]).verdict(askedFor: "a") == .unreachable)
        #expect(DoctorReport([fine, warning]).worst == .warning)
    }
}
