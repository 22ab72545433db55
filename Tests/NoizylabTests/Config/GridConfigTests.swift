import Agent
import GridModel
import NoizyClient
import Testing

@testable import noizylab

/// The configuration: what it says, what overrides it, and what is wrong with it.
struct GridConfigTests {
    @Test func `without a file it is a grid of this machine alone`() throws {
        let config = try read(nil)

        #expect(config.cluster == "NOIZYLAB")
        #expect(config.listen == GridEndpoint(host: "0.0.0.0", port: 50_051))
        #expect(config.edge == GridEndpoint(host: "0.0.0.0", port: 50_052))
        #expect(config.node.text == "studio")
        #expect(config.nodes.map(\.name.text) == ["studio"])
        #expect(config.nodes[0].link == .local)
        #expect(config.shown.allSatisfy { $0.origin == .builtIn })
    }

    @Test func `a file is read whole`() throws {
        let config = try read(
            """
            cluster = "STUDIO"

            [coordinator]
            node = "M2-Ultra"
            listen = "0.0.0.0:6000"
            edge = "[::]:6001"
            names = ["grid.example", "192.168.1.20"]

            [tasks]
            output_limit = "16MiB"
            lost_attempts = 3
            fair_share = false

            [liveness]
            offline_after = "8s"

            [[node]]
            name = "M2-Ultra"
            role = "primary"
            link = "local"

            [[node]]
            name = "Mac-Pro"
            address = "192.168.1.21"
            """)

        #expect(config.cluster == "STUDIO")
        #expect(config.listen.port == 6_000)
        #expect(config.edge == GridEndpoint(host: "::", port: 6_001))
        #expect(config.names == ["grid.example", "192.168.1.20"])
        #expect(
            config.numbers == [
                "tasks.output_limit": 16 << 20, "tasks.lost_attempts": 3, "tasks.fair_share": 0,
                "liveness.offline_after": 8_000,
            ])
        #expect(config.nodes.map(\.link) == [.local, .agent])
        #expect(config.nodes[1].role == "compute")
        #expect(config.nodes[1].address == "192.168.1.21")
    }

    @Test func `flags override the environment, which overrides the file`() throws {
        let text = """
            cluster = "FILE"
            [coordinator]
            listen = "0.0.0.0:1"
            edge = "0.0.0.0:2"
            """
        let config = try read(
            text,
            environment: [
                "NOIZYLAB_CLUSTER": "ENV", "NOIZYLAB_COORDINATOR_LISTEN": "127.0.0.1:10",
                "NOIZYLAB_TASKS_TIMEOUT": "5m", "NOIZYLAB_TASKS_FAIR_SHARE": "false",
            ],
            flags: ["coordinator.listen": ("--listen", "127.0.0.1:100")])

        #expect(config.cluster == "ENV")
        #expect(config.listen.port == 100)
        #expect(config.edge.port == 2)
        #expect(config.numbers["tasks.timeout"] == 300_000)
        #expect(config.numbers["tasks.fair_share"] == 0)
        #expect(origin("cluster", config) == "environment NOIZYLAB_CLUSTER")
        #expect(origin("coordinator.listen", config) == "flag --listen")
        #expect(origin("coordinator.edge", config) == "noizylab.toml:4")
        #expect(origin("tasks.cancel_grace", config) == "default")
    }

    /// The file, where the error stands, what it says, and what it suggests.
    static let faults: [(text: String, place: String, message: String, hint: String)] = [
        ("clutser = \"X\"", "noizylab.toml:1", "unknown key 'clutser'", "'cluster'"),
        (
            "\n[coordinator]\nlisen = \"0.0.0.0:1\"", "noizylab.toml:3", "unknown key 'lisen' in [coordinator]",
            "'listen'"
        ),
        ("[coordinatr]\nlisten = \"0.0.0.0:1\"", "noizylab.toml:1", "unknown key 'coordinatr'", "'coordinator'"),
        (
            "[[node]]\nname = \"A\"\nlink = \"local\"\nadress = \"x\"", "noizylab.toml:4",
            "unknown key 'adress' in [[node]]", "'address'"
        ),
        ("cluster = \"no spaces\"", "noizylab.toml:1", "is not a name", "letters"),
        ("cluster = 5", "noizylab.toml:1", "cluster is a text", "cluster = \"NOIZYLAB\""),
        ("coordinator = 5", "noizylab.toml:1", "is a table of keys", "[coordinator]"),
        ("[coordinator]\nlisten = \"50051\"", "noizylab.toml:2", "is not HOST:PORT", "0.0.0.0:50051"),
        ("[coordinator]\nlisten = \"a:70000\"", "noizylab.toml:2", "is not HOST:PORT", "listen"),
        ("[coordinator]\nlisten = \"a:5\"\nedge = \"a:5\"", "noizylab.toml:3", "the same port 5", "different"),
        ("[tasks]\ntimeout = \"soon\"", "noizylab.toml:2", "tasks.timeout is not a span of time", "\"1h\""),
        ("[tasks]\ntimeout = 30", "noizylab.toml:2", "tasks.timeout is not a span of time", "\"1h\""),
        ("[tasks]\noutput_limit = \"lots\"", "noizylab.toml:2", "is not an amount of bytes", "64MiB"),
        ("[tasks]\nfair_share = \"yes\"", "noizylab.toml:2", "tasks.fair_share is not true or false", "= true"),
        ("[tasks]\nmax_live = -1", "noizylab.toml:2", "is not a whole number", "1000000"),
        ("[tasks]\nplacement = \"spraed\"", "noizylab.toml:2", "'spraed' is no policy", "\"spread\""),
        ("[liveness]\nrisk = \"avid\"", "noizylab.toml:2", "liveness.risk 'avid' is no rule", "\"avoid\""),
        (
            "[liveness]\nsuspect_after = \"2s\"\noffline_after = \"2s\"", "noizylab.toml:3",
            "liveness.offline_after is 2000 ms and liveness.suspect_after 2000 ms", "offline_after = \"2700ms\""
        ),
        ("[liveness]\nsuspect_after = \"3s\"", "noizylab.toml:2", "is 1800 ms", "offline_after = \"3700ms\""),
        ("[liveness]\nsuspect_after = \"0s\"", "noizylab.toml:2", "no time at all", "suspect_after = \"1100ms\""),
        ("[[node]]\nrole = \"primary\"", "noizylab.toml:1", "a node without a name", "name ="),
        ("[[node]]\nname = \"a b\"", "noizylab.toml:2", "is not a node name", "letters"),
        ("[[node]]\nname = \"A\"\n[[node]]\nname = \"A\"", "noizylab.toml:4", "two nodes are called 'A'", "each"),
        (
            "[[node]]\nname = \"HP-OMEN\"\nlink = \"telnet\"\nuser = \"admin\"", "noizylab.toml:3",
            "unknown link 'telnet'", "local, agent"
        ),
        ("[[node]]\nname = \"A\"\nlink = \"ssh\"", "noizylab.toml:3", "needs an address", "address ="),
        ("[[node]]\nname = \"A\"\nlink = \"winrm\"", "noizylab.toml:3", "needs an address", "address ="),
        (windows(""), "noizylab.toml:3", "needs a user", "user ="),
        (windows("user = \"u\""), "noizylab.toml:3", "needs a password", "password = { env ="),
        (windows("user = \"u\"\npassword = \"p\""), "noizylab.toml:6", "does not belong into this file", "{ env ="),
        (windows("user = \"u\"\npassword = { vault = \"p\" }"), "noizylab.toml:6", "env, file and keychain", "{ env ="),
        (windows("auth = \"credssp\""), "noizylab.toml:5", "give the host the password", "ntlm"),
        (windows("auth = \"kerberos\""), "noizylab.toml:5", "is not known", "ntlm"),
        (windows("certificate = \"sha256:12\""), "noizylab.toml:5", "no SHA-256", "64 hexadecimal digits"),
        (
            windows("user = \"u\"\npassword = { env = \"P\" }\nauth = \"basic\"\nhttps = false"), "noizylab.toml:7",
            "in the open", "https"
        ),
        (
            windows("auth = \"certificate\""), "noizylab.toml:5", "needs https, client_certificate and key",
            "client_certificate"
        ),
        (windows("known_hosts = \"/etc/hosts\""), "noizylab.toml:5", "says nothing to the link 'winrm'", "ssh"),
        ("[[node]]\nname = \"A\"\nlink = \"agent\"\nauth = \"ntlm\"", "noizylab.toml:4", "says nothing", "winrm"),
        (
            road("[[node.road]]\nadress = \"b\""), "noizylab.toml:6", "unknown key 'adress' in [[node.road]]",
            "'address'"
        ),
        (road("[[node.road]]\nlink = \"local\""), "noizylab.toml:6", "'local' is no road", "ssh"),
        (road("[[node.road]]\nuser = \"-x\""), "noizylab.toml:6", "'-x' is no user", "letters"),
        (road("[[node.road]]\nport = 70000"), "noizylab.toml:6", "this is no port", "port = 22"),
        (road("[[node.road]]"), "noizylab.toml:4", "two roads are the same: ssh a", "another address"),
        (road("road = 3"), "noizylab.toml:5", "road is a list of ways", "[[node.road]]"),
        (own("[[node.road]]\naddress = \"b\""), "noizylab.toml:4", "has no other roads", "ssh"),
        (
            "[coordinator]\nnode = \"M2-Utra\"\n[[node]]\nname = \"M2-Ultra\"\nlink = \"local\"", "noizylab.toml:2",
            "is no node of this file", "'M2-Ultra'"
        ),
        (
            "[coordinator]\nnode = \"B\"\n[[node]]\nname = \"B\"\nlink = \"agent\"", "noizylab.toml:2",
            "has the link 'agent'", "local"
        ),
        ("node = 3", "noizylab.toml:1", "is a list of machines", "[[node]]"),
        ("cluster = ", "noizylab.toml:1", "this is not TOML", "toml.io"),
        (own("labels = \"attic\""), "noizylab.toml:4", "labels is a table", "labels = { zone = \"attic\" }"),
        (own("labels = { floor = 3 }"), "noizylab.toml:4", "labels.floor is a text", "labels = { floor = \"…\" }"),
        (own("[node.labels]\na = \"b\"\n\"two words\" = \"x\""), "noizylab.toml:6", "'two words' is not a name", "63"),
        (own("labels = { a = \"one\\ntwo\" }"), "noizylab.toml:4", "control characters", "128 bytes"),
        (own(tooLong), "noizylab.toml:4", "labels.a is too long", "128"),
        (own("resources = { licence = 1000001 }"), "noizylab.toml:4", "0 to 1000000", "licence = 1"),
        (own("[node.resources]\n\nlicence = -1"), "noizylab.toml:6", "resources.licence is not", "licence = 1"),
        (own("[node.resources]\nlicence = \"1\""), "noizylab.toml:5", "resources.licence is not", "licence = 1"),
        (own("resources = [1]"), "noizylab.toml:4", "resources is a table", "resources = { licence = 1 }"),
        (own("[node.resources]\nlicence.matlab = 1"), "noizylab.toml:5", "licence is not", "\"licence.matlab\" = 1"),
        (own(tooMany), "noizylab.toml:4", "has 65 entries, and 64 is the most", "no more"),
        (
            "[[node]]\nname = \"A\"\nlink = \"agent\"\nlabels = { zone = \"attic\" }", "noizylab.toml:4",
            "that node's own to say", "noizylab join … --label zone=attic"
        ),
    ]

    private static let tooLong = "labels.a = \"\(String(repeating: "x", count: 129))\""
    private static let tooMany = (0..<65).map { "r\($0) = 1\n" }.reduce("[node.resources]\n", +)

    /// A local node with further lines, the first of which is the fourth.
    private static func windows(_ lines: String) -> String {
        "[[node]]\nname = \"A\"\nlink = \"winrm\"\naddress = \"host\"\n\(lines)"
    }

    private static func own(_ lines: String) -> String { "[[node]]\nname = \"A\"\nlink = \"local\"\n\(lines)" }

    /// A node over SSH with further lines, the first of which is the fifth.
    private static func road(_ lines: String) -> String {
        "[[node]]\nname = \"A\"\nlink = \"ssh\"\naddress = \"a\"\n\(lines)"
    }

    @Test(arguments: [
        "[[node.road]]\naddress = \"b\"\n[[node.road]]\naddress = \"c\"\nuser = \"ann\"",
        "road = [{ address = \"b\" }, { address = \"c\", user = \"ann\" }]",
    ])
    func `further roads are as the node's own, but for what they say`(lines: String) throws {
        let config = try read(
            "[[node]]\nname = \"Z\"\nlink = \"local\"\n"
                + Self.road("user = \"studio\"\nport = 2222\n\(lines)"))

        let roads = try #require(GridPlan(config).nodes[1].roads)
        #expect(roads.map(\.name) == ["ssh studio@a port 2222", "ssh studio@b port 2222", "ssh ann@c port 2222"])
        #expect(config.shown.first { $0.key == "node[1].road" }?.value == "ssh studio@b port 2222, ssh ann@c port 2222")
    }

    @Test(arguments: [
        "labels = { zone = \"studio\", gpu-box = \"\" }\nresources = { licence = 2, \"licence.matlab\" = 0 }",
        "[node.labels]\nzone = \"studio\"\ngpu-box = \"\"\n[node.resources]\nlicence = 2\n\"licence.matlab\" = 0",
        "labels.zone = \"studio\"\nlabels.gpu-box = \"\"\nresources.licence = 2\nresources.\"licence.matlab\" = 0",
    ])
    func `labels and counts of a node reach its agent however they are written`(lines: String) throws {
        let config = try read("[[node]]\nname = \"Z\"\n\(Self.own(lines))")

        let plan = GridPlan(config)
        let settings = plan.agentSettings(plan.nodes[1], home: HomeFolder(path: "/tmp/none"))
        #expect(settings.labels == ["zone": "studio", "gpu-box": ""])
        #expect(settings.resources == ["licence": 2, "licence.matlab": 0])
        #expect(plan.nodes[0].labels == nil && plan.nodes[0].resources == nil)
        #expect(config.shown.first { $0.key == "node[1].labels" }?.value == "gpu-box=,zone=studio")
    }

    @Test(arguments: faults.indices)
    func `a fault is told with its line and what to write`(index: Int) throws {
        let fault = Self.faults[index]
        let error = try #require(throws: ConfigError.self) { _ = try read(fault.text) }

        #expect(error.place == fault.place, "\(error)")
        #expect(error.message.contains(fault.message), "\(error)")
        #expect(error.hint.contains(fault.hint), "\(error.hint)")
    }

    @Test func `a wrong variable is named`() throws {
        let error = try #require(throws: ConfigError.self) {
            _ = try read(nil, environment: ["NOIZYLAB_COORDINATOR_LISTEN": "nowhere"])
        }
        #expect(error.place == "environment NOIZYLAB_COORDINATOR_LISTEN")
    }

    @Test func `a plan runs the local nodes here and dials loopback`() throws {
        let config = try read(
            "[[node]]\nname = \"A\"\nlink = \"local\"\n[[node]]\nname = \"B\"\nlink = \"agent\"")
        let plan = GridPlan(config)

        #expect(plan.coordinator == GridEndpoint(host: "127.0.0.1", port: 50_051))
        #expect(plan.parts == [.coordinator, .agent("A")])
        #expect(plan.node == "A")
    }

    @Test func `a lab has the three known names first`() {
        let plan = GridPlan.lab(nodes: 4, listenPort: 1, edgePort: 2)

        #expect(plan.nodes.map(\.name) == ["M2-Ultra", "HP-OMEN", "Mac-Pro", "Node-4"])
        #expect(plan.nodes.map(\.role) == ["primary", "compute", "secondary", "compute"])
        #expect(plan.parts.count == 5)
    }

    private func origin(_ key: String, _ config: GridConfig) -> String? {
        config.shown.first { $0.key == key }.map { "\($0.origin)" }
    }

    private func read(
        _ text: String?, environment: [String: String] = [:], flags: [String: (flag: String, value: String)] = [:]
    ) throws -> GridConfig {
        let file = try text.map { try ConfigFile(text: $0, path: "noizylab.toml") }
        return try GridConfig(
            file: file, path: text == nil ? nil : "noizylab.toml", environment: { environment[$0] }, flags: flags,
            hostName: "studio.lan")
    }
}
