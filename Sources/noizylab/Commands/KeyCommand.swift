import ArgumentParser
import GridIdentity
import GridModel
import GridWire
import NoizyClient
import SwiftProtobuf

struct KeyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration.command(
        "key", "API keys for programs without a certificate.",
        examples: ["key create --name ci --role submitter --nodes 'HP-*' --rate 10/s", "key list", "key revoke ci"],
        subcommands: [KeyCreateCommand.self, KeyListCommand.self, KeyRevokeCommand.self])
}

struct KeyCreateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration.command(
        "create", "Make an API key. It is shown once and kept nowhere.",
        examples: [
            "key create --name ci", "key create --name wallboard --role viewer --expires 30d",
            "key create --name render --nodes 'HP-*' --types shell,python --rate 10/s",
        ],
        discussion: """
            A submitter runs tasks and sees its own; a viewer looks; an operator looks after nodes and tasks too. No key \
            makes identities: those need a certificate. A key bound to nodes must name one with each task (--on).
            """)

    @OptionGroup var options: GridOptions

    @Option(help: ArgumentHelp("How it is listed and revoked.", valueName: "name"))
    var name: String

    @Option(help: ArgumentHelp("viewer, submitter or operator.", valueName: "role"))
    var role: KeyRole = .submitter

    @Option(
        help: ArgumentHelp(
            "Only these of the role's permissions: viewTasks, runTasks, viewGrid, …; as often as wanted.",
            valueName: "permission"))
    var permission: [KeyPermission] = []

    @Option(
        help: ArgumentHelp("Only nodes of these patterns, separated by commas: HP-*,Mac-Pro.", valueName: "patterns"))
    var nodes: String?

    @Option(help: ArgumentHelp("Only tasks of these types, separated by commas: shell,echo.", valueName: "types"))
    var types: String?

    @Option(help: ArgumentHelp("Calls and tasks in a span of time: 10/s, 600/m, 5000/h.", valueName: "rate"))
    var rate: String?

    @Option(
        help: ArgumentHelp("How long it is good (default: 365d).", valueName: "time"), transform: Arguments.duration)
    var expires: Int64?

    @OptionGroup var format: DocumentOption

    func run() async throws {
        if let expires, expires < 1_000 {
            throw CommandFailure(.usage, "--expires is at least a second", try: "--expires 30d")
        }
        let request = Noizylab_Grid_CreateKeyRequest.with {
            $0.name = name
            $0.role = role.rawValue
            $0.permissions = permission.map(\.rawValue)
            $0.nodes = Self.list(nodes)
            $0.types = Self.list(types)
            $0.rate = rate ?? ""
            $0.ttlSeconds = (expires ?? 0) / 1_000
        }
        let made = try await options.withGrid { try await $0.keyCreated(request) }
        switch format.output {
        case .json:
            var members: [JSONValue.Member] = [.init(name: "key", value: .string(made.key))]
            if case .object(let more) = KeyListing.document(made.info) { members += more }
            members.append(.init(name: "edge", value: .string(made.edge)))
            members.append(.init(name: "pin", value: .string(try CertificateAuthority.pin(ofPEM: made.authority))))
            members.append(.init(name: "authority", value: .string(made.authority)))
            Console.stdout.print(JSONValue.object(members).pretty)
        case .text:
            Console.stdout.print(made.key)
            let life = TimeText.rough(milliseconds: (made.info.expiresAtUs - made.info.createdAtUs) / 1_000)
            Console.stderr.print(
                """
                the key \(made.info.name), good for \(life), is shown this once; where it is used:
                  NOIZYLAB_API_KEY=…
                  NOIZYLAB_GRID=\(made.edge)
                  NOIZYLAB_CA=\(try CertificateAuthority.pin(ofPEM: made.authority))
                """)
        }
    }

    private static func list(_ text: String?) -> [String] {
        text?.split(separator: ",", omittingEmptySubsequences: false).map(String.init) ?? []
    }
}

struct KeyListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration.command(
        "list", "List API keys: what each may do, and when it was last used.", examples: ["key list", "key list --all"])

    @OptionGroup var options: GridOptions

    @Flag(help: "Revoked and expired ones too.")
    var all = false

    @OptionGroup var format: OutputOption

    func run() async throws {
        let all = all
        let keys = try await options.withGrid { try await $0.keyInfos(all: all) }
        KeyListing(keys: keys, now: Clocks.wall()).listing.print(as: format.output)
    }
}

struct KeyRevokeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration.command(
        "revoke", "End API keys at once, also what they have open.", examples: ["key revoke ci"])

    @OptionGroup var options: GridOptions

    @Argument(help: "Names, or ids as `key list` shows them.")
    var keys: [String]

    @OptionGroup var format: DocumentOption

    func run() async throws {
        // Whoever has only the key itself may give that: its secret goes nowhere.
        let keys = keys.map { APIKey.reference($0) }
        let revoked = try await options.withGrid { grid in
            var revoked: [Noizylab_Grid_APIKeyInfo] = []
            for key in keys { revoked.append(try await grid.keyRevoked(key)) }
            return revoked
        }
        for key in revoked {
            switch format.output {
            case .json: Console.stdout.print(KeyListing.document(key).pretty)
            case .text: Console.stdout.print("key \(key.name) (\(key.id)): revoked")
            }
        }
    }
}

extension KeyRole: ExpressibleByArgument {}
extension KeyPermission: ExpressibleByArgument {}
