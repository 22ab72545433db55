import ArgumentParser
import Foundation
import NoizyClient

struct LogsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration.command(
        "logs", "Show what the grid's processes logged, or what a task printed.",
        examples: ["logs", "logs coordinator -f", "logs Mac-Pro --since 10m", "logs 7f3kq0xt"],
        discussion: """
            Without a name: every process of this machine, by time. The log of a node on another machine is on that \
            machine.
            """)

    @OptionGroup var options: GridOptions

    @Argument(help: "A node, coordinator, supervisor, or a task.")
    var name: String?

    @Flag(name: .shortAndLong, help: "Go on as it grows.")
    var follow = false

    @Option(help: ArgumentHelp("Only what is newer: 30s, 10m, 2h.", valueName: "time"), transform: Arguments.duration)
    var since: Int64?

    @Flag(help: "Print a task's output to a terminal as it is.")
    var raw = false

    func run() async throws {
        let home = options.folder
        guard let parts = parts(home) else {
            try await TaskLogs(options: options, task: name ?? "", follow: follow, isRaw: raw).run()
            return
        }
        // A follower begins with a little of what was.
        let start = since.map { Clocks.wall() - $0 * 1_000 }
        let lines = LogReader.merged(parts, in: home, since: start)
        for line in follow && since == nil ? lines.suffix(10) : lines[...] { Console.stdout.print(line) }
        if follow { try await LogReader.follow(parts, in: home) { Console.stdout.print($0) } }
    }

    /// Nil when the name is a task's.
    private func parts(_ home: HomeFolder) -> [GridPart]? {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: home.log)) ?? []
        let all = names.sorted().compactMap { $0.hasSuffix(".log") ? GridPart($0.dropLast(4)) : nil }
        guard let name else { return all }
        return all.first { "\($0)" == name || $0 == .agent(name) }.map { [$0] }
    }
}

/// What a task printed, so far or to its end.
struct TaskLogs {
    let options: GridOptions
    let task: String
    let follow: Bool
    let isRaw: Bool

    func run() async throws {
        let view = TaskView(isRaw: isRaw, showsEnding: false)
        let (task, follow) = (task, follow)
        try await options.withGrid { grid in
            if follow {
                try await grid.follow(task) { view.take($0) }
            } else {
                try await grid.readOutput(of: task) { view.take($0) }
            }
        }
        view.finish()
    }
}
