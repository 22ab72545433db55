import ArgumentParser
import GridModel
import GridWire
import NoizyClient
import SwiftProtobuf

struct TaskCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration.command(
        "task", "Look at tasks, follow them, end them.",
        examples: ["task list", "task show 7f3k", "task watch nightly-1", "task cancel 7f3k"],
        discussion: "A task is named by its id, a unique beginning of it, or its key.",
        subcommands: [
            TaskListCommand.self, TaskShowCommand.self, TaskWatchCommand.self, TaskLogsCommand.self,
            TaskCancelCommand.self, TaskRetryCommand.self, TaskWhyCommand.self,
        ])
}

struct TaskListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration.command(
        "list", "List tasks, the newest first.",
        examples: [
            "task list", "task list --state running,queued", "task list --node Mac-Pro -o wide",
            "task list --all -o ndjson",
        ])

    @OptionGroup var options: GridOptions

    @Option(help: ArgumentHelp("Only these, separated by commas: queued, running, failed, …", valueName: "states"))
    var state: String?

    @Option(help: ArgumentHelp("Only those whose newest attempt was there.", valueName: "node"))
    var node: String?

    @Option(help: ArgumentHelp("At most this many (default: 20).", valueName: "n"))
    var limit: Int?

    @Flag(help: "Every one that is kept.")
    var all = false

    @OptionGroup var format: OutputOption

    private static let standardLimit = 20
    private static let pageLimit = 1_000

    func validate() throws {
        if let limit, limit < 1 { throw ValidationError("--limit is at least 1, not \(limit)") }
        for name in states where TaskState(rawValue: name) == nil {
            let known = TaskState.allCases.map(\.rawValue)
            let nearest = NearestName.to(name, among: known).map { "; did you mean \($0)?" } ?? ""
            throw ValidationError("there is no state '\(name)'\(nearest) It is one of \(known.joined(separator: ", "))")
        }
    }

    private var states: [String] { state?.split(separator: ",").map(String.init) ?? [] }

    func run() async throws {
        let wanted = all ? Int.max : limit ?? Self.standardLimit
        let tasks = try await options.withGrid { grid in
            var tasks: [Noizylab_Grid_TaskInfo] = []
            var before = ""
            repeat {
                let page = try await grid.taskInfos(
                    .with {
                        $0.states = states
                        $0.node = node ?? ""
                        $0.limit = UInt32(min(wanted - tasks.count, Self.pageLimit))
                        $0.before = before
                    })
                tasks += page.tasks
                before = page.next
            } while !before.isEmpty && tasks.count < wanted
            return tasks
        }
        TaskListing(tasks: tasks, now: Clocks.wall()).listing.print(as: format.output)
        if tasks.count == wanted, limit == nil, !all, format.output == .table, Console.stdout.isTerminal {
            Console.stderr.print(
                Console.stderr.style.paint("the newest \(wanted); more with --limit N or --all", .quiet))
        }
    }
}

struct TaskShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration.command(
        "show", "Show all about a task.",
        examples: ["task show 7f3kq0xt", "task show 7f3k -o json", "task show 7f3k --verify"])

    @OptionGroup var options: GridOptions

    @Argument(help: "An id, a unique beginning of one, or a key.")
    var task: String

    @Flag(help: "Verify a signed task's result by the signature of its node; the exit code is 1 when it does not hold.")
    var verify = false

    @OptionGroup var format: DocumentOption

    func run() async throws {
        let (task, wantsOutput) = (task, format.output == .json || verify)
        let (info, output) = try await options.withGrid { grid in
            let info = try await grid.taskInfo(task)
            return (info, wantsOutput ? try await grid.capturedOutput(of: info) : nil)
        }
        let report = verify ? try await check(info, output) : nil
        switch format.output {
        case .json:
            guard case .object(var members) = TaskDocument.make(info, output: output) else { return }
            if let report { members.append(.init(name: "verification", value: report.document)) }
            Console.stdout.print(JSONValue.object(members).pretty)
        case .text:
            TaskDetails(info: info, now: Clocks.wall()).print(to: .stdout)
            report?.print(to: .stdout)
        }
        if let report, !report.isVerified {
            throw CommandFailure(.failure, "the result of task \(info.id) is not verified", try: report.hint)
        }
    }

    private func check(_ info: Noizylab_Grid_TaskInfo, _ output: CapturedOutput?) async throws -> VerificationReport {
        let whole = output.flatMap { output in
            output.isTruncated ? nil : ResultCheck.Output(stdout: output.stdout, stderr: output.stderr)
        }
        return VerificationReport(
            await ResultCheck.of(
                info, output: whole, authorities: try options.locator.authorityPEM(),
                signers: try SignerFile(options.folder).signers))
    }
}

extension GridClient {
    /// Small outputs are in the task itself; the rest is read.
    func capturedOutput(of info: Noizylab_Grid_TaskInfo) async throws -> CapturedOutput {
        var captured = CapturedOutput()
        if let outcome = info.attempts.last?.outcome, outcome.hasInlineOutput_p {
            captured.stdout = [UInt8](outcome.stdout)
            captured.stderr = [UInt8](outcome.stderr)
            return captured
        }
        guard !info.attempts.isEmpty else { return captured }
        let box = Shared(CapturedOutput())
        try await readOutput(of: info.id) { update in
            if case .output(let output) = update.update { box.withLock { $0.take(output) } }
        }
        return box.withLock { $0 }
    }
}

struct TaskWatchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration.command(
        "watch", "Follow a task, from its first line to its end.",
        examples: ["task watch 7f3kq0xt", "task watch nightly-1 -o json"],
        discussion: "The exit code is as `noizylab run` has it. Ctrl-C leaves; the task goes on.")

    @OptionGroup var options: GridOptions

    @Argument(help: "An id, a unique beginning of one, or a key.")
    var task: String

    @Flag(help: "Print output to a terminal as it is.")
    var raw = false

    @OptionGroup var format: DocumentOption

    func run() async throws {
        try await options.withGrid { grid in
            try await TaskFollower(
                grid: grid, task: try await grid.taskInfo(task), isRaw: raw, isJSON: format.output == .json,
                cancelsOnInterrupt: false
            ).run()
        }
    }
}

struct TaskLogsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration.command(
        "logs", "Print what a task printed.", examples: ["task logs 7f3kq0xt", "task logs nightly-1 -f"])

    @OptionGroup var options: GridOptions

    @Argument(help: "An id, a unique beginning of one, or a key.")
    var task: String

    @Flag(name: .shortAndLong, help: "Go on to its end.")
    var follow = false

    @Flag(help: "Print to a terminal as it is.")
    var raw = false

    func run() async throws {
        try await TaskLogs(options: options, task: task, follow: follow, isRaw: raw).run()
    }
}

struct TaskCancelCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration.command(
        "cancel", "End tasks: TERM, then KILL after a grace.",
        examples: ["task cancel 7f3kq0xt", "task cancel 7f3k 8m2c"])

    @OptionGroup var options: GridOptions

    @Argument(help: "Ids, unique beginnings of them, or keys.")
    var tasks: [String]

    @OptionGroup var format: DocumentOption

    func run() async throws {
        let tasks = tasks
        // Each is told as soon as it is done: the next may be refused.
        try await options.withGrid { grid in
            for task in tasks { show(try await grid.cancelled(task)) }
        }
    }

    private func show(_ info: Noizylab_Grid_TaskInfo) {
        switch format.output {
        case .json: Console.stdout.print(TaskDocument.make(info, output: nil).pretty)
        case .text:
            Console.stdout.print(
                "task \(info.id): "
                    + (info.cancelRequested && info.state != "cancelled" ? "cancel requested" : info.state))
        }
    }
}

struct TaskRetryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration.command(
        "retry", "Do again what a task did: a new task that asks for the same.", examples: ["task retry 7f3kq0xt"])

    @OptionGroup var options: GridOptions

    @Argument(help: "An id, a unique beginning of one, or a key.")
    var task: String

    @OptionGroup var format: DocumentOption

    func run() async throws {
        let task = task
        let info = try await options.withGrid { try await $0.retried(task) }
        switch format.output {
        case .json: Console.stdout.print(TaskDocument.make(info, output: nil).pretty)
        case .text: Console.stdout.print(info.id)
        }
    }
}

struct TaskWhyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration.command(
        "why", "Say why a task is where it is, or what it waits for, node by node.",
        examples: ["task why 7f3k", "task why nightly-1 -o json"])

    @OptionGroup var options: GridOptions

    @Argument(help: "An id, a unique beginning of one, or a key.")
    var task: String

    @OptionGroup var format: DocumentOption

    func run() async throws {
        let task = task
        let report = try await options.withGrid { try await $0.placementReport(of: task) }
        PlacementDetails(report: report, now: Clocks.wall()).print(as: format.output)
    }
}
