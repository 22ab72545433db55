import ArgumentParser
import Foundation
import GridIdentity
import GridModel
import GridWire
import NoizyClient
import SwiftProtobuf

struct TokenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration.command(
        "token", "Let a machine join.", examples: ["token create --name Mac-Pro"],
        subcommands: [TokenCreateCommand.self])
}

struct TokenCreateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration.command(
        "create", "Make a token by which one machine can join, once.",
        examples: ["token create", "token create --name Mac-Pro --ttl 15m"],
        discussion: "It holds the fingerprint of the grid's authority, so the machine knows whom it speaks to.")

    @OptionGroup var options: GridOptions

    @Option(help: ArgumentHelp("The one name it is good for (default: any new one).", valueName: "node"))
    var name: String?

    @Option(
        help: ArgumentHelp("How long it is good (default: 1h; at most 30d).", valueName: "time"),
        transform: Arguments.duration)
    var ttl: Int64?

    @Flag(help: "Good only when an operator has compared the machine's fingerprint (join --confirm).")
    var confirm = false

    @OptionGroup var format: DocumentOption

    func run() async throws {
        if let ttl, ttl < 1_000 { throw CommandFailure(.usage, "--ttl is at least a second", try: "--ttl 1h") }
        let (name, seconds, confirm) = (name ?? "", (ttl ?? 0) / 1_000, confirm)
        let made = try await options.withGrid {
            try await $0.token(forNode: name, seconds: seconds, needsConfirmation: confirm)
        }
        switch format.output {
        case .json:
            Console.stdout.print(
                JSONValue.object([
                    "token": .string(made.token), "expires_at": JSONValue(TimeText.iso(microseconds: made.expiresAtUs)),
                    "edge": .string(made.edge), "name": name.isEmpty ? .null : .string(name),
                ]).pretty)
        case .text:
            Console.stdout.print(made.token)
            // Rounded up: the moment since it was made is no part of the answer.
            let left = TimeText.rough(milliseconds: (made.expiresAtUs - Clocks.wall()) / 1_000 + 999)
            Console.stderr.print(
                "good once, for the next \(left); on the machine that joins:\n"
                    + "  noizylab join \(made.edge) --token \(made.token)" + (name.isEmpty ? "" : " --name \(name)")
                    + (confirm ? " --confirm" : ""))
        }
    }
}

struct JoinCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration.command(
        "join", "Make this machine a node of another's grid.",
        examples: [
            "join 192.168.1.20:50052 --token nzl1-…", "join coordinator.lan:50052 --token nzl1-… --name Mac-Pro",
            "join 192.168.1.20:50052 --token nzl1-… --label zone=attic --resource licence=2",
        ],
        discussion: """
            The machine's key is made here and never leaves it. Nothing is sent before the coordinator has shown the \
            authority that the token names. Afterwards the agent runs; `noizylab start` starts it again.

            With --confirm this machine shows a fingerprint and waits: an operator compares it with what \
            `noizylab node pending` shows on the coordinator, and says yes with `noizylab node approve`.
            """)

    @OptionGroup var options: GridOptions

    @Argument(help: "The coordinator's edge listener, HOST:PORT.")
    var coordinator: String

    @Option(
        help: ArgumentHelp(
            "What `noizylab token create` printed; '-' reads it from standard input, where no process list shows it.",
            valueName: "token"))
    var token: String

    @Option(help: ArgumentHelp("The node's name (default: this machine's).", valueName: "node"))
    var name: String?

    @Option(help: ArgumentHelp("primary, secondary, compute or a word of your own.", valueName: "role"))
    var role = "compute"

    @Option(
        name: .customLong("label"),
        help: ArgumentHelp("What it is, for `run --where`: zone=attic. Repeat for more.", valueName: "name=text"),
        transform: Arguments.label)
    var labels: [NodeLabel] = []

    @Option(
        name: .customLong("resource"),
        help: ArgumentHelp(
            "How many it has of what you count, for `run --resource`: licence=2.", valueName: "name=n"),
        transform: Arguments.owned)
    var resources: [CountedResource] = []

    @Flag(help: "Take only tasks that a signer trusted on this machine has signed.")
    var requireSigned = false

    @Flag(help: "Wait until an operator has compared the fingerprint on both screens.")
    var confirm = false

    @Flag(help: "Join, and leave the start to `noizylab start`.")
    var noStart = false

    func run() async throws {
        guard let endpoint = GridEndpoint(coordinator) else {
            throw CommandFailure(
                .usage, "'\(coordinator)' is not HOST:PORT", try: "noizylab join 192.168.1.20:50052 --token …")
        }
        let text = name ?? GridConfig.nodeName(from: ProcessInfo.processInfo.hostName)
        guard let node = NodeName(text) else {
            throw CommandFailure(
                .usage, "'\(text)' is not a node name", try: "1 to 63 letters, digits, '.', '_' or '-'")
        }
        let labels = try declared(labels, "--label", atMost: NodeLimits.labels) { ($0.name, $0.text) }
        let owned = try declared(resources, "--resource", atMost: NodeLimits.resources) { ($0.name, $0.count) }
        let parsed: JoinToken
        do {
            parsed = try JoinToken(parsing: token == "-" ? readLine() ?? "" : token)
        } catch {
            throw CommandFailure(.usage, error.message, try: "noizylab token create, on the coordinator's machine")
        }
        let home = options.folder
        try home.make()
        try checkHome(home, node)
        let files = CertificateFiles(folder: home.node(node.text) + "/pki")
        try PrivateFile.makeFolder(home.node(node.text) + "/pki")
        let joined = try await join(endpoint, parsed, node, try SigningKey.loadOrCreate(files.key))
        try files.write(certificatePEM: joined.certificate, authorityPEM: joined.trust.authorities)
        // The coordinator knows its port; how it is reached from here is known here.
        let port = GridEndpoint(joined.listen)?.port ?? endpoint.port - 1
        try JSONFile.write(
            JoinedGrid(
                cluster: joined.cluster, node: node.text, role: role, host: endpoint.host, port: port,
                requiresSignatures: requireSigned ? true : nil, edgePort: endpoint.port, labels: labels,
                resources: owned),
            to: home.joinRecord)
        Console.stdout.print("joined \(joined.cluster) as \(node)")
        if noStart { return }
        try await GridLauncher(
            home: home, locator: options.locator, request: GridLauncher.Request(lab: nil, config: nil, flags: [:])
        ).start()
    }

    /// Nil when nothing is; of one name the last.
    private func declared<Item, Value>(
        _ items: [Item], _ flag: String, atMost limit: Int, _ pair: (Item) -> (String, Value)
    ) throws -> [String: Value]? {
        let values = Dictionary(items.map(pair), uniquingKeysWith: { $1 })
        guard values.count <= limit else {
            throw CommandFailure(
                .usage, "\(flag) names \(values.count), and \(limit) is the most", try: "noizylab join --help")
        }
        return values.isEmpty ? nil : values
    }

    private func join(
        _ endpoint: GridEndpoint, _ token: JoinToken, _ node: NodeName, _ key: SigningKey
    ) async throws -> Noizylab_Grid_JoinedInfo {
        guard confirm else {
            let joined = try await GridEnrolment.join(endpoint, token: token, name: node.text, key: key)
            return .with {
                $0.certificate = joined.certificate
                $0.trust.authorities = joined.authority
                $0.cluster = joined.cluster
                $0.listen = joined.listen
            }
        }
        return try await GridEnrolment.joinConfirmed(endpoint, token: token, name: node.text, key: key) { fingerprint in
            Console.stderr.print(
                """
                this machine's fingerprint:  \(fingerprint)
                an operator compares it with what `noizylab node pending` shows, and says yes:
                  noizylab node approve \(node) --fingerprint \(fingerprint)
                waiting up to ten minutes
                """)
        }
    }

    /// A home is one machine's part in one grid.
    private func checkHome(_ home: HomeFolder, _ node: NodeName) throws {
        if AuthorityFolder.exists(at: home.authorityFolder) {
            throw CommandFailure(
                .usage, "\(home.path) holds a grid of its own", try: "another folder: noizylab join … --home DIR")
        }
        if ProcessRecord.living(.supervisor, in: home) != nil {
            throw CommandFailure(
                .usage, "a node runs from \(home.path) already", try: "noizylab stop, then the same again")
        }
    }
}
