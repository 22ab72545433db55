import ArgumentParser
import GridIdentity
import GridModel
import GridWire
import NoizyClient
import Synchronization

struct AuditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration.command(
        "audit", "Who did what, and who may come in where.",
        examples: ["audit list", "audit list --denied", "audit verify", "audit surface"],
        subcommands: [AuditListCommand.self, AuditVerifyCommand.self, AuditSurfaceCommand.self])
}

struct AuditListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration.command(
        "list", "List changes and denials, the newest last.",
        examples: [
            "audit list", "audit list --who operator/anna --last 1000", "audit list --denied -o ndjson",
            "audit list --what CreateToken",
        ],
        discussion: """
            Every change stands for itself. Of denials and submitted tasks, which can come in any number, the first of \
            a kind stands at once and those that follow within ten seconds are one line with their count.
            """)

    @OptionGroup var options: GridOptions

    @Option(help: ArgumentHelp("Among the newest so many (default: 100; 0: all).", valueName: "n"))
    var last = 100

    @Option(help: ArgumentHelp("Only of callers whose name holds this.", valueName: "text"))
    var who: String?

    @Option(help: ArgumentHelp("Only what holds this: a method or what it was about.", valueName: "text"))
    var what: String?

    @Flag(help: "Only what was not done.")
    var denied = false

    @OptionGroup var format: OutputOption

    func validate() throws {
        guard (0...Int(UInt32.max)).contains(last) else { throw ValidationError("--last is not \(last)") }
    }

    func run() async throws {
        let filter = AuditFilter(who: who, what: what, isDeniedOnly: denied)
        let last = last
        let records = try await options.withGrid { grid in
            let found = Mutex<[Noizylab_Grid_AuditRecord]>([])
            try await grid.readAudit(last: last) { page in
                let wanted = page.records.filter(filter.takes)
                found.withLock { $0 += wanted }
            }
            return found.withLock { $0 }
        }
        .sorted { ($0.firstAtUs, $0.number) < ($1.firstAtUs, $1.number) }
        AuditListing(records: records).listing.print(as: format.output)
    }
}

struct AuditVerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration.command(
        "verify", "Check that nothing of the audit was changed, taken out or cut off.",
        examples: ["audit verify", "audit verify --head 1042:9f3c…"],
        discussion: """
            Each record's hash covers the one before it; all are computed again here. The head is noted apart from the \
            records, so a cut end shows. Whoever can change both files on the coordinator can forge both: keep the \
            head that this prints elsewhere, and give it with --head the next time.
            """)

    @OptionGroup var options: GridOptions

    @Option(help: ArgumentHelp("A head printed earlier, which the chain must still hold.", valueName: "number:hash"))
    var head: String?

    @OptionGroup var format: DocumentOption

    func run() async throws {
        let expected = try head.map(Self.parse)
        let chain = Mutex<AuditCheck>(AuditCheck(expected: expected))
        try await options.withGrid { grid in
            try await grid.readAudit { page in chain.withLock { $0.take(page) } }
        }
        let (count, newest, faults) = chain.withLock { check in (check.count, check.head, check.finish()) }
        let text = "\(newest.number):\(Hexadecimal.encode(newest.hash))"
        switch format.output {
        case .json:
            Console.stdout.print(
                JSONValue.object([
                    "intact": .bool(faults.isEmpty), "records": JSONValue(count), "head": .string(text),
                    "faults": .array(faults.map(JSONValue.string)),
                ]).pretty)
        case .text:
            if faults.isEmpty { Console.stdout.print("\(count) records, none changed\nhead \(text)") }
        }
        guard faults.isEmpty else {
            throw CommandFailure(
                .failure, "the audit is not what was written: \(faults.joined(separator: "; "))",
                try: "noizylab audit list --last 0, and a backup from before")
        }
    }

    private static func parse(_ text: String) throws -> AuditHead {
        let parts = text.split(separator: ":")
        guard parts.count == 2, let number = UInt64(parts[0]), let hash = Hexadecimal.decode(parts[1]), hash.count == 32
        else {
            throw CommandFailure(
                .usage, "'\(text)' is not NUMBER:HASH", try: "what `noizylab audit verify` printed as head")
        }
        return AuditHead(number: number, hash: hash)
    }
}

struct AuditSurfaceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration.command(
        "surface", "Show every door: where it listens, how it is protected, who may do what there.",
        examples: ["audit surface", "audit surface -o json"])

    @OptionGroup var options: GridOptions
    @OptionGroup var format: OutputOption

    func run() async throws {
        let listeners = try await options.withGrid { try await $0.surface() }
        SurfaceListing(listeners: listeners).listing.print(as: format.output)
    }
}
