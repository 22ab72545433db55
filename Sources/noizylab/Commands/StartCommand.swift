import ArgumentParser
import Foundation

struct StartCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration.command(
        "start", "Start the grid of this machine, and wait until it is ready.",
        examples: [
            "start", "start --lab", "start --lab 5", "start --config noizylab.toml", "start --foreground",
            "start --uninstall Mac-Pro",
        ],
        discussion: """
            Without a configuration it makes a grid of this machine alone. A grid that runs already is left as it is, \
            and shown.
            """)

    @OptionGroup var options: GridOptions

    @Flag(
        name: .customLong("lab"),
        help:
            "Several nodes on this machine, on free ports, to try things: --lab, or --lab N (1 to 32; 3 when not given)."
    )
    var isLab = false

    @Argument(help: .hidden)
    var labNodes: Int?

    @Flag(help: "Stay, show the log, and stop the grid on Ctrl-C.")
    var foreground = false

    @Option(help: ArgumentHelp("Instead of coordinator.listen.", valueName: "host:port"))
    var listen: String?

    @Option(help: ArgumentHelp("Instead of coordinator.edge.", valueName: "host:port"))
    var edge: String?

    @Option(
        help: ArgumentHelp(
            "Take the agent that `start` put on a machine (link = \"agent\", ssh = { … }) off it again, with every trace.",
            valueName: "node"))
    var uninstall: String?

    func validate() throws {
        if uninstall != nil, isLab || foreground {
            throw ValidationError("--uninstall stands alone: noizylab start --uninstall NODE")
        }
        if let labNodes {
            guard isLab else {
                throw ValidationError("'\(labNodes)' stands for nothing; did you mean --lab \(labNodes)?")
            }
            guard (1...32).contains(labNodes) else {
                throw ValidationError("--lab takes 1 to 32 nodes, not \(labNodes)")
            }
        }
        if isLab, options.config != nil {
            throw ValidationError("--lab and --config exclude each other: a lab has no configuration")
        }
    }

    func run() async throws {
        let launcher = GridLauncher(
            home: options.folder, locator: options.locator,
            request: GridLauncher.Request(
                lab: isLab ? .nodes(labNodes) : nil, config: options.config,
                flags: [
                    "coordinator.listen": listen.map { ("--listen", $0) },
                    "coordinator.edge": edge.map { ("--edge", $0) },
                ].compactMapValues { $0 }))
        if let uninstall {
            try await AgentRemoval(home: options.folder, plan: try launcher.plannedOrRunning(), node: uninstall).run()
        } else if foreground {
            try await launcher.runInForeground()
        } else {
            try await launcher.start()
        }
    }
}

struct StopCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration.command(
        "stop", "Stop what runs on this machine; tasks are kept for the next start.", examples: ["stop"],
        discussion: "Tasks that run are ended and tried again at the next start, as far as they allow it.")

    @OptionGroup var options: GridOptions

    func run() async throws {
        let home = options.folder
        guard FileManager.default.fileExists(atPath: home.path) else {
            Console.stdout.print("nothing runs from \(home.path)")
            return
        }
        let lock = try await FileLock.ofHome(home)
        let stopped = try await GridStopper(home: home).stop()
        Console.stdout.print(
            stopped.isEmpty
                ? "nothing runs from \(home.path)" : "stopped \(stopped.map(\.description).joined(separator: ", "))")
        _ = consume lock
    }
}
