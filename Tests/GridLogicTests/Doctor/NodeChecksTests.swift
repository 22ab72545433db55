import GridLogic
import Testing

struct NodeChecksTests {
    private var node: NodeChecks.Known {
        var node = NodeChecks.Known(name: "a", link: "agent", state: "online")
        node.silence = 300
        node.roundTripMicroseconds = 420
        node.skewMicroseconds = -1_500
        node.agentVersion = "0.1.0"
        node.ownVersion = "0.1.0"
        node.riskLevel = "normal"
        node.certificateLeft = 20 * 86_400
        node.certificateLife = 30 * 86_400
        node.spoolBytes = 0
        return node
    }

    @Test func `a node that is well is well in everything`() {
        let found = NodeChecks.known(node)

        #expect(found.allSatisfy { $0.level == .ok && $0.node == "a" && $0.remedy.isEmpty })
        #expect(
            found.map(\.check) == [
                .connection, .heartbeat, .roundTrip, .skew, .version, .risk, .certificate, .spool,
            ])
    }

    @Test(arguments: [Finding.Check.heartbeat, .roundTrip, .skew, .version, .risk, .certificate, .spool])
    func `each fact alone is a warning with what mends it`(_ check: Finding.Check) throws {
        var node = node
        switch check {
        case .heartbeat: node.silence = 5_000
        case .roundTrip: node.roundTripMicroseconds = 300_000
        case .skew: node.skewMicroseconds = 3_000_000
        case .version: node.agentVersion = "0.0.9"
        case .risk: node.riskLevel = "high"
        case .certificate: node.certificateLeft = 86_400
        default: node.spoolBytes = 1 << 30
        }

        let bad = NodeChecks.known(node).filter { $0.level != .ok }

        #expect(bad.map(\.check) == [check])
        #expect(bad.map(\.level) == [.warning])
        #expect(bad.allSatisfy { !$0.remedy.isEmpty })
    }

    @Test func `a node that is away says why, and nothing is made of old figures`() {
        var node = node
        node.state = "offline"
        #expect(NodeChecks.known(node).map(\.check) == [.connection])
        #expect(NodeChecks.known(node)[0].remedy.hasPrefix("there: noizylab start"))

        node.link = "ssh"
        node.roadReason = "nothing listens for SSH at 127.0.0.1 port 1"
        node.roadRemedy = "there: sudo systemctl start ssh"
        #expect(
            NodeChecks.known(node) == [
                Finding(.connection, node: "a", .failed, node.roadReason, try: node.roadRemedy)
            ])

        node = NodeChecks.Known(name: "b", link: "agent", state: "")
        #expect(NodeChecks.known(node)[0].remedy.hasPrefix("noizylab token create --name b"))
    }

    @Test func `a report is read line by line, and nonsense is left out`() {
        let report = NodeReport(
            parsing: """
                system Linux
                disk 1000000 500000
                python Python 3.11.2
                synchronised no
                sleeps yes
                interface eth0
                mtu 1500
                driver 535.1
                sessions 10
                cores 16
                """)
        #expect(report.diskFreeBytes == 512_000_000)
        #expect(report.python == "Python 3.11.2")
        #expect(report.isTimeSynchronised == false)
        #expect(report.sleeps == true)
        #expect(report.mtu == 1_500)
        #expect(report.maxSessions == 10)

        let hostile = NodeReport(
            parsing: "disk -1 99999999999999999999\nmtu 99999999999\nsessions -4\ncores 0\n\u{1B}[2J\ndisk\nmtu \n")
        #expect(hostile.diskFreeBytes == nil)
        #expect(hostile.mtu == nil)
        #expect(hostile.maxSessions == nil)
        #expect(hostile.cores == nil)
    }

    @Test func `what a machine says of itself is judged`() {
        var report = NodeReport(parsing: "system Linux\ndisk 900000000 1000\npython \nsynchronised no\nsleeps yes\n")
        report.interface = "tun0"
        report.mtu = 900
        report.gpuFailure = "driver/library version mismatch"
        report.maxSessions = 10
        report.cores = 16
        report.supervisor = "none"

        let found = NodeChecks.reported(report, "", node: "a", usesSSH: true)

        #expect(found.map(\.check) == [.report, .nodeDisk, .python, .time, .sleep, .mtu, .gpu, .sessions])
        #expect(found.allSatisfy { $0.level == .warning && !$0.remedy.isEmpty })
        #expect(!NodeChecks.reported(report, "", node: "a", usesSSH: false).contains { $0.check == .sessions })
    }

    @Test func `a machine over SSH is asked for its clock, and believed as far as the answer took`() {
        func check(_ clock: Int64, took: Int64) -> [Finding.Level] {
            var report = NodeReport(parsing: "clock \(clock)\n")
            (report.askedAt, report.answeredAt) = (1_000_000_000, 1_000_000_000 + took)
            return NodeChecks.reported(report, "", node: "a", usesSSH: true).filter { $0.check == .skew }.map(\.level)
        }
        #expect(check(1_000_000, took: 200) == [.ok])
        #expect(check(999_990, took: 200) == [.warning])
        #expect(check(1_000_010, took: 200) == [.warning])
        #expect(check(1_000_010, took: 20_000) == [.ok], "it may have answered at the end")
        #expect(NodeChecks.reported(NodeReport(parsing: "clock 5"), "", node: "a", usesSSH: false).isEmpty)
    }

    @Test func `a machine that could not be looked at is a warning with the reason`() {
        let found = NodeChecks.reported(nil, "no room for 5 s", node: "a", usesSSH: false)

        #expect(found.map(\.level) == [.warning])
        #expect(found[0].text.hasSuffix("no room for 5 s"))
    }

    @Test func `a visit tells silence, strangers' keys and closed doors apart`() {
        var visit = RoadChecks.Visit(node: "a", place: "127.0.0.1 port 22")
        visit.failure = "connection refused"
        #expect(RoadChecks.visit(visit).map(\.check) == [.connection])

        visit.banner = "SSH-2.0-OpenSSH_9.2"
        visit.isKeyKnown = false
        visit.fingerprints = ["SHA256:abc (ED25519)"]
        visit.refusal = Complaint("the host key is not known", try: "…")
        visit.isTried = true
        let unknown = RoadChecks.visit(visit)
        #expect(unknown.map(\.check) == [.hostKey])
        #expect(unknown[0].text.contains("SHA256:abc (ED25519)"))
        #expect(unknown[0].remedy.hasPrefix("noizylab node trust a"))

        visit.isKeyKnown = true
        visit.refusal = Complaint("it does not let us in", try: "ssh-copy-id a")
        #expect(RoadChecks.visit(visit).map(\.level) == [.ok, .failed])
        visit.refusal = nil
        #expect(RoadChecks.visit(visit).map(\.level) == [.ok, .ok])
    }
}
