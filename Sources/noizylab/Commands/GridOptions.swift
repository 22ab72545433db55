import ArgumentParser
import GridIdentity
import GridWire
import NoizyClient

/// Which grid a command speaks to, and as whom.
struct GridOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The grid's folder on this machine (default: $NOIZYLAB_HOME, else ~/.noizylab).", valueName: "dir"))
    var home: String?

    @Option(
        help: ArgumentHelp(
            "The configuration file (default: $NOIZYLAB_CONFIG, ./noizylab.toml, config.toml in the folder).",
            valueName: "file"))
    var config: String?

    @Option(
        help: ArgumentHelp(
            "Another grid's coordinator (default: $NOIZYLAB_GRID, else the grid of the folder).", valueName: "host:port"
        ))
    var grid: String?

    @Option(
        help: ArgumentHelp(
            "A folder with ca.pem, cert.pem and key.pem (default: $NOIZYLAB_API_KEY, $NOIZYLAB_CERT, else this "
                + "machine's operator).", valueName: "dir"))
    var cert: String?

    var folder: HomeFolder { HomeFolder(flag: home) }

    var locator: GridLocator {
        GridLocator(
            home: folder, config: config, grid: grid ?? Self.variable("NOIZYLAB_GRID"),
            credentialsFolder: cert ?? Self.variable("NOIZYLAB_CERT"),
            // Never a flag: every user of this machine sees the words of a command line.
            apiKey: cert == nil ? Self.variable("NOIZYLAB_API_KEY").map { Secret($0) } : nil,
            authority: Self.variable("NOIZYLAB_CA"))
    }

    func withGrid<Result: Sendable>(
        patience: Duration = .zero, _ body: (GridClient) async throws -> Result
    ) async throws -> Result {
        try await locator.withGrid(patience: patience, body)
    }

    private static func variable(_ name: String) -> String? {
        environmentValue(name).flatMap { $0.isEmpty ? nil : $0 }
    }
}

/// How what is listed is printed.
enum OutputFormat: String, ExpressibleByArgument, CaseIterable, Sendable {
    case table, wide, json, ndjson, name
}

struct OutputOption: ParsableArguments {
    @Option(name: [.short, .long], help: "table, wide, json, ndjson or name.")
    var output: OutputFormat = .table
}

/// For what is one thing: people or programs.
enum DocumentFormat: String, ExpressibleByArgument, CaseIterable, Sendable {
    case text, json
}

struct DocumentOption: ParsableArguments {
    @Option(name: [.short, .long], help: "text or json.")
    var output: DocumentFormat = .text
}

/// A list in any of the formats.
struct Listing {
    var table: Table
    var wide: Table
    var documents: [JSONValue]
    var names: [String]

    func print(as format: OutputFormat, to console: Console = .stdout) {
        switch format {
        case .table: console.write(table)
        case .wide: console.write(wide.rendered(style: console.style))
        case .json: console.print(JSONValue.array(documents).pretty)
        case .ndjson: for document in documents { console.print(document.compact) }
        case .name: for name in names { console.print(name) }
        }
    }
}

extension CommandConfiguration {
    /// A command whose help begins with examples: see `HelpText`.
    static func command(
        _ name: String, _ abstract: String, examples: [String], discussion: String = "", shouldDisplay: Bool = true,
        subcommands: [any ParsableCommand.Type] = []
    ) -> CommandConfiguration {
        let shown = HelpText.heading + "\n" + examples.map { "  noizylab " + $0 }.joined(separator: "\n")
        return CommandConfiguration(
            commandName: name, abstract: abstract,
            discussion: discussion.isEmpty ? shown : shown + "\n\n" + discussion, shouldDisplay: shouldDisplay,
            subcommands: subcommands)
    }
}
