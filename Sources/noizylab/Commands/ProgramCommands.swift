import ArgumentParser
import Foundation

struct VersionCommand: ParsableCommand {
    static let configuration = CommandConfiguration.command(
        "version", "Print the version.", examples: ["version", "version -o json"])

    @OptionGroup var format: DocumentOption

    func run() {
        switch format.output {
        case .text: Console.stdout.print("noizylab \(Version.text)")
        case .json: Console.stdout.print(JSONValue.object(["version": .string(Version.text)]).compact)
        }
    }
}

struct ConfigCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration.command(
        "config", "Show the configuration, and where it comes from.",
        examples: ["config show --origin", "config path"],
        subcommands: [ConfigShowCommand.self, ConfigPathCommand.self])
}

struct ConfigShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration.command(
        "show", "Show every value that holds.",
        examples: ["config show", "config show --origin", "config show -o json"],
        discussion: "Flags override NOIZYLAB_… variables, which override the file, which overrides what is built in.")

    @OptionGroup var options: GridOptions

    @Flag(help: "Say where each value comes from.")
    var origin = false

    @OptionGroup var format: OutputOption

    func run() async throws {
        let config = try ConfigSource(home: options.folder, flag: options.config).read()
        var table = Table(origin ? [.init("KEY"), .init("VALUE"), .init("ORIGIN")] : [.init("KEY"), .init("VALUE")])
        for shown in config.shown {
            var cells: [Table.Cell] = [.init(shown.key), .init(shown.value.isEmpty ? "-" : shown.value)]
            if origin { cells.append(.init("\(shown.origin)", .quiet)) }
            table.add(cells)
        }
        Listing(
            table: table, wide: table,
            documents: config.shown.map {
                .object(["key": .string($0.key), "value": .string($0.value), "origin": .string("\($0.origin)")])
            }, names: config.shown.map(\.key)
        ).print(as: format.output)
    }
}

struct ConfigPathCommand: ParsableCommand {
    static let configuration = CommandConfiguration.command(
        "path", "Print where things are.", examples: ["config path"])

    @OptionGroup var options: GridOptions

    func run() {
        let home = options.folder
        let (path, isThere, _) = ConfigSource(home: home, flag: options.config).path
        Console.stdout.print("home     \(home.path)")
        Console.stdout.print("config   \(path)" + (isThere ? "" : "  (not there: what is built in holds)"))
        Console.stdout.print("logs     \(home.log)")
        Console.stdout.print("operator \(home.operatorFolder)")
    }
}

struct CompletionsCommand: ParsableCommand {
    static let configuration = CommandConfiguration.command(
        "completions", "Print a completion script for a shell.",
        examples: [
            "completions bash > ~/.local/share/bash-completion/completions/noizylab",
            "completions zsh > ~/.zfunc/_noizylab",
            "completions fish > ~/.config/fish/completions/noizylab.fish",
        ])

    enum Shell: String, ExpressibleByArgument, CaseIterable {
        case bash, zsh, fish
    }

    @Argument(help: "bash, zsh or fish.")
    var shell: Shell

    func run() {
        let kind: CompletionShell =
            switch shell {
            case .bash: .bash
            case .zsh: .zsh
            case .fish: .fish
            }
        Console.stdout.print(RootCommand.completionScript(for: kind))
    }
}
