import ArgumentParser
import GridIdentity
import GridModel

struct SignerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration.command(
        "signer", "Keys by which people sign tasks, and whose tasks this machine's nodes trust.",
        examples: ["signer create anna.key", "signer trust nzs1-ed25519-… --name anna", "signer list"],
        discussion: """
            A node with `require_signed = true` runs only tasks that one of its trusted signers signed: then a stolen \
            coordinator can make up no work for it. Sign with `noizylab run --sign KEYFILE`.
            """,
        subcommands: [
            SignerCreateCommand.self, SignerShowCommand.self, SignerTrustCommand.self, SignerDistrustCommand.self,
            SignerListCommand.self,
        ])
}

/// The key's text on standard output, what to do with it beside it.
private func show(_ key: SignerPublicKey, _ format: DocumentFormat) {
    switch format {
    case .json:
        Console.stdout.print(
            JSONValue.object([
                "public_key": .string("\(key)"), "id": .string(Hexadecimal.encode(key.id)),
                "algorithm": .string(key.algorithm.name),
            ]).pretty)
    case .text:
        Console.stdout.print("\(key)")
        Console.stderr.print("signer \(key.shortID); on each machine whose nodes are to trust it:")
        Console.stderr.print("  noizylab signer trust \(key) --name NAME")
    }
}

struct SignerCreateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration.command(
        "create", "Make a signing key, in a file for its owner alone.",
        examples: ["signer create anna.key", "signer create anna.key --algorithm p256"])

    @Argument(help: "The file; one that is there is kept.")
    var file: String

    @Option(help: ArgumentHelp("ed25519, or p256 for keys that hardware must be able to hold.", valueName: "algorithm"))
    var algorithm: SignatureAlgorithm = .ed25519

    @OptionGroup var format: DocumentOption

    func run() async throws {
        let path = HomeFolder(flag: file).path
        let key = SignerKey.make(algorithm)
        guard try key.create(at: path) else {
            throw CommandFailure(.usage, "there is a file \(path) already", try: "noizylab signer show \(file)")
        }
        show(key.publicKey, format.output)
    }
}

struct SignerShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration.command(
        "show", "Show the public key of a signing key.", examples: ["signer show anna.key"])

    @Argument(help: "The signing key's file.")
    var file: String

    @OptionGroup var format: DocumentOption

    func run() async throws { show(try SignerKey.load(HomeFolder(flag: file).path).publicKey, format.output) }
}

struct SignerTrustCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration.command(
        "trust", "Let this machine's nodes take the tasks of a signer, from now on.",
        examples: ["signer trust nzs1-ed25519-… --name anna"])

    @OptionGroup var options: GridOptions

    @Argument(help: "The public key, as `noizylab signer show` prints it.")
    var key: String

    @Option(help: ArgumentHelp("Who it is, for messages: letters, digits, '.', '_' or '-'.", valueName: "name"))
    var name: String

    func run() async throws {
        guard NodeName(name) != nil else {
            throw CommandFailure(.usage, "'\(name)' is not a name", try: "1 to 63 letters, digits, '.', '_' or '-'")
        }
        let signer = TrustedSigners.Signer(key: try SignerPublicKey(parsing: key), name: name)
        try options.folder.make()
        let lock = try await FileLock.ofHome(options.folder)
        var file = try SignerFile(options.folder)
        if let known = file.signers.find(signer.key.id) {
            Console.stdout.print("\(known.signer.name) (\(signer.key.shortID)) is trusted already")
            return
        }
        try file.change { try $0.add(signer) }
        Console.stdout.print("\(name) (\(signer.key.shortID)) is trusted in \(file.path)")
        _ = consume lock
    }
}

struct SignerDistrustCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration.command(
        "distrust", "Take no more tasks of a signer, from now on.", examples: ["signer distrust anna"])

    @OptionGroup var options: GridOptions

    @Argument(help: "A name, or an id's first eight digits or more, as `signer list` shows them.")
    var signer: String

    func run() async throws {
        let lock = try await FileLock.ofHome(options.folder)
        var file = try SignerFile(options.folder)
        var gone: [TrustedSigners.Signer] = []
        try file.change { gone = $0.remove(signer) }
        guard !gone.isEmpty else {
            throw CommandFailure(.unreachable, "no signer '\(signer)' is trusted here", try: "noizylab signer list")
        }
        for signer in gone { Console.stdout.print("\(signer.name) (\(signer.key.shortID)) is trusted no more") }
        _ = consume lock
    }
}

struct SignerListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration.command(
        "list", "List the signers whose tasks this machine's nodes take.", examples: ["signer list"],
        discussion: "Those that the configuration names in `trusted_keys` come on top.")

    @OptionGroup var options: GridOptions
    @OptionGroup var format: OutputOption

    func run() async throws {
        let signers = try SignerFile(options.folder).signers.signers
        var table = Table(.init("SIGNER"), .init("ID"), .init("ALGORITHM"), .init("PUBLIC KEY"))
        for signer in signers {
            table.add(
                .init(signer.name), .init(signer.key.shortID), .init(signer.key.algorithm.name), .init("\(signer.key)"))
        }
        let documents = signers.map { signer in
            JSONValue.object([
                "name": .string(signer.name), "id": .string(Hexadecimal.encode(signer.key.id)),
                "algorithm": .string(signer.key.algorithm.name), "public_key": .string("\(signer.key)"),
            ])
        }
        Listing(table: table, wide: table, documents: documents, names: signers.map(\.name))
            .print(as: format.output)
    }
}

/// `trusted_signers` of a home: what its nodes read, and only this machine writes.
struct SignerFile {
    let path: String
    private(set) var signers: TrustedSigners

    init(_ home: HomeFolder) throws {
        path = home.trustedSigners
        signers =
            PrivateFile.exists(path)
            ? try TrustedSigners(text: PrivateFile.read(path), from: path) : TrustedSigners()
    }

    /// Comments that somebody wrote by hand do not survive it.
    mutating func change(_ body: (inout TrustedSigners) throws -> Void) throws {
        try body(&signers)
        try PrivateFile.write(signers.text, to: path)
    }
}

extension SignatureAlgorithm: ExpressibleByArgument {
    init?(argument: String) { self.init(name: argument) }
    static var allValueStrings: [String] { allCases.map(\.name) }
}
