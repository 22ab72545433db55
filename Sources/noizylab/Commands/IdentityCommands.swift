import ArgumentParser
import Foundation
import GridIdentity
import GridModel
import GridWire
import NoizyClient

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

    @OptionGroup var format: DocumentOption

    func run() async throws {
        if let ttl, ttl < 1_000 { throw CommandFailure(.usage, "--ttl is at least a second", try: "--ttl 1h") }
        let (name, seconds) = (name ?? "", (ttl ?? 0) / 1_000)
        let made = try await options.withGrid { try await $0.token(forNode: name, seconds: seconds) }
        switch format.output {
        case .json:
            Console.stdout.print(
                JSONValue.object([
                    "token": .string(made.token), "expires_at": JSONValue(TimeText.iso(microseconds: made.expiresAtUs)),
                    "edge": .string(made.edge), "name": name.isEmpty ? .null : .string(name),
                ]).pretty)
        case .text:
            Console.stdout.print(made.token)
            let until = TimeText.relative(microseconds: made.expiresAtUs, now: Clocks.wall())
            Console.stderr.print(
                "good once, until \(until) from now; on the machine that joins:\n"
                    + "  noizylab join \(made.edge) --token \(made.token)" + (name.isEmpty ? "" : " --name \(name)"))
        }
    }
}

struct JoinCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration.command(
        "join", "Make this machine a node of another's grid.",
        examples: [
            "join 192.168.1.20:50052 --token nzl1-…", "join coordinator.lan:50052 --token nzl1-… --name Mac-Pro",
        ],
        discussion: """
            The machine's key is made here and never leaves it. Nothing is sent before the coordinator has shown the \
            authority that the token names. Afterwards the agent runs; `noizylab start` starts it again.
            """)

    @OptionGroup var options: GridOptions

    @Argument(help: "The coordinator's edge listener, HOST:PORT.")
    var coordinator: String

    @Option(help: ArgumentHelp("What `noizylab token create` printed.", valueName: "token"))
    var token: String

    @Option(help: ArgumentHelp("The node's name (default: this machine's).", valueName: "node"))
    var name: String?

    @Option(help: ArgumentHelp("primary, secondary, compute or a word of your own.", valueName: "role"))
    var role = "compute"

    @Flag(help: "Take only tasks that a signer trusted on this machine has signed.")
    var requireSigned = false

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
        let parsed: JoinToken
        do {
            parsed = try JoinToken(parsing: token)
        } catch {
            throw CommandFailure(.usage, error.message, try: "noizylab token create, on the coordinator's machine")
        }
        let home = options.folder
        try home.make()
        try checkHome(home, node)
        let files = CertificateFiles(folder: home.node(node.text) + "/pki")
        try PrivateFile.makeFolder(home.node(node.text) + "/pki")
        let joined = try await GridEnrolment.join(
            endpoint, token: parsed, name: node.text, key: try SigningKey.loadOrCreate(files.key))
        try files.write(certificatePEM: joined.certificate, authorityPEM: joined.authority)
        // The coordinator knows its port; how it is reached from here is known here.
        let port = GridEndpoint(joined.listen)?.port ?? endpoint.port - 1
        try JSONFile.write(
            JoinedGrid(
                cluster: joined.cluster, node: node.text, role: role, host: endpoint.host, port: port,
                requiresSignatures: requireSigned ? true : nil),
            to: home.joinRecord)
        Console.stdout.print("joined \(joined.cluster) as \(node)")
        try await GridLauncher(
            home: home, locator: options.locator, request: GridLauncher.Request(lab: nil, config: nil, flags: [:])
        ).start()
    }

    /// A home is one machine's part in one grid.
    private func checkHome(_ home: HomeFolder, _ node: NodeName) throws {
        if PrivateFile.exists(home.authorityKey) {
            throw CommandFailure(
                .usage, "\(home.path) holds a grid of its own", try: "another folder: noizylab join … --home DIR")
        }
        if ProcessRecord.living(.supervisor, in: home) != nil {
            throw CommandFailure(
                .usage, "a node runs from \(home.path) already", try: "noizylab stop, then the same again")
        }
    }
}

struct CertCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration.command(
        "cert", "Certificates for people and programs.",
        examples: ["cert issue studio-scripts --role submitter --out ./studio-scripts"],
        subcommands: [CertIssueCommand.self])
}

struct CertIssueCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration.command(
        "issue", "Write ca.pem, cert.pem and key.pem for a person or a program.",
        examples: [
            "cert issue studio-scripts --role submitter --out ./studio-scripts",
            "cert issue anna --role operator --out ~/anna",
        ],
        discussion: "A submitter runs tasks and sees its own; an operator may do everything; a viewer only looks.")

    enum Role: String, ExpressibleByArgument, CaseIterable {
        case `operator`, submitter, viewer
    }

    @OptionGroup var options: GridOptions

    @Argument(help: "Who it is for: letters, digits, '.', '_' or '-'.")
    var name: String

    @Option(help: ArgumentHelp("operator, submitter or viewer.", valueName: "role"))
    var role: Role

    @Option(help: ArgumentHelp("The folder for the three files; a key that is there is kept.", valueName: "dir"))
    var out: String

    func run() async throws {
        let (name, role) = (name, role)
        let folder = HomeFolder(flag: out).path
        let files = try await options.withGrid {
            try await $0.issueCertificate(name: name, role: role.rawValue, into: folder)
        }
        let facts = try CertificateFiles(folder: folder).facts()
        let days = Int(facts.notAfter.timeIntervalSinceNow / 86_400)
        Console.stdout.print("\(facts.identity.uri), good for \(days) days")
        for file in [files.authority, files.certificate, files.key] { Console.stdout.print("  \(file)") }
    }
}
