import Executors
import GridModel
import Testing

@Suite(.timeLimit(.minutes(1)))
struct NetworkExecutorTests {
    let node = TestNode()

    @Test(arguments: ["-c", "--help", "", "a b", "a;b", "$(id)", "a\0b", "a/b", "a\nb"])
    func `a host that is no host is refused`(host: String) async {
        for kind in NetworkCheck.Kind.allCases {
            let outcome = await node.run(.network(NetworkCheck(kind: kind, host: host))).outcome()
            #expect(outcome.end == .refused)
            #expect(outcome.error.contains("is not a host name or address"))
        }
    }

    @Test func `a closed port is refused, and the result says so`() async {
        let attempt = await node.run(.network(NetworkCheck(kind: .tcp, host: "127.0.0.1", port: 1)))

        let outcome = await attempt.outcome()
        #expect(outcome.end == .failed)
        #expect(outcome.exitCode == 1)
        #expect(outcome.error == "cannot connect to 127.0.0.1 port 1: connection refused")
        #expect(attempt.stdout.contains("\"error_kind\":\"refused\""))
        #expect(attempt.stdout.hasPrefix("{\"check\":\"tcp\",\"host\":\"127.0.0.1\",\"port\":1,\"ok\":false,"))
    }

    @Test func `localhost has an address`() async {
        let attempt = await node.run(.network(NetworkCheck(kind: .dns, host: "localhost")))

        #expect(await attempt.outcome().end == .succeeded)
        #expect(attempt.stdout.contains("\"ok\":true"))
        #expect(attempt.stdout.contains("\"127.0.0.1\"") || attempt.stdout.contains("\"::1\""))
    }

    @Test func `a program of the system that is missing is named`() async {
        let node = TestNode(variables: ["PATH": "/nonexistent"])
        let outcome = await node.run(.network(NetworkCheck(kind: .ping, host: "127.0.0.1"))).outcome()

        #expect(outcome.end == .failed)
        #expect(outcome.error == "cannot start 'ping': not found in PATH of node bench")
    }

    @Test func `what ping says is told as figures`() async throws {
        let node = TestNode()
        let folder = node.folder + "/bin"
        Folders.make(folder)
        try stand(
            in: folder, for: "ping",
            """
            [ "$*" = "-c 4 example.org" ] || exit 2
            echo 'PING example.org (93.184.216.34) 56(84) bytes of data.'
            echo ''
            echo '4 packets transmitted, 3 received, 25% packet loss, time 3004ms'
            echo 'rtt min/avg/max/mdev = 10.030/20.500/30.052/0.008 ms'
            """)
        let other = TestNode(variables: ["PATH": folder + ":/usr/bin:/bin"])

        let attempt = await other.run(.network(NetworkCheck(kind: .ping, host: "example.org")))

        #expect(await attempt.outcome().exitCode == 0)
        #expect(
            attempt.stdout
                == #"{"check":"ping","host":"example.org","ok":true,"sent":4,"received":3,"loss_percent":25.0,"#
                + #""min_ms":10.03,"avg_ms":20.5,"max_ms":30.052,"error":null}"# + "\n")
    }
}
