import ArgumentParser
import GridWire
import NoizyClient
import UnixSignals

struct EventsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration.command(
        "events", "Show what happened on the grid.",
        examples: ["events", "events -f", "events --last 20 -o json", "events --from 1 -o ndjson"],
        discussion: "Events are numbered without gaps; following goes on over restarts of the coordinator.")

    @OptionGroup var options: GridOptions

    @Flag(name: .shortAndLong, help: "Go on as they happen.")
    var follow = false

    @Option(help: ArgumentHelp("The newest so many first (default: 20; with -f, 10).", valueName: "n"))
    var last: Int?

    @Option(help: ArgumentHelp("From this number on.", valueName: "number"))
    var from: UInt64?

    @OptionGroup var format: OutputOption

    func validate() throws {
        if let last, !(0...100_000).contains(last) { throw ValidationError("--last is 0 to 100000, not \(last)") }
        if last != nil, from != nil { throw ValidationError("--last and --from exclude each other") }
    }

    func run() async throws {
        let (from, follow, printer) = (from ?? 0, follow, EventPrinter(format: format.output, isFollowing: follow))
        let last = from > 0 ? 0 : last ?? (follow ? 10 : 20)
        let interrupts = Interrupts()
        let wasInterrupted = try await options.withGrid { grid in
            try await withThrowingTaskGroup(of: Bool.self) { group in
                defer { group.cancelAll() }
                group.addTask {
                    try await grid.followEvents(from: from, last: last, follow: follow) { printer.take($0) }
                    return false
                }
                group.addTask {
                    await interrupts.wait()
                }
                return try await group.next() ?? false
            }
        }
        printer.finish()
        if wasInterrupted { throw CommandFailure(code: ExitStatus.interrupted.rawValue) }
    }
}
