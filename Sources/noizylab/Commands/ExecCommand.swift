import ArgumentParser
import GridModel
import GridWire
import NoizyClient

struct ExecCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration.command(
        "exec", "Run a command on several nodes at once; every one gets a row.",
        examples: [
            "exec --all -- hostname", "exec M2-Ultra,Mac-Pro -- df -h /", "exec --all --shell -- 'nproc; uptime'",
            "exec --all -o json -- uname -r",
        ],
        discussion: """
            With one node the exit code is the command's own. With several: 0 when all succeeded, 1 when all failed, \
            3 when some did, 4 when none could be reached, 6 when all timed out.
            """)

    @OptionGroup var options: GridOptions

    @Flag(help: "On every node of the grid.")
    var all = false

    @Argument(help: "Nodes, separated by commas.")
    var nodes: String?

    @OptionGroup var work: WorkOptions
    @OptionGroup var format: OutputOption

    func validate() throws {
        guard all != (nodes != nil) else {
            throw ValidationError(
                all ? "--all and named nodes exclude each other" : "name nodes, separated by commas, or give --all")
        }
    }

    func run() async throws {
        let request = try work.request()
        let signer = try work.signer(options)
        let code = try await options.withGrid { grid in
            let known = try await grid.nodeInfos()
            let targets = try targets(known)
            let report = ExecReport(
                format: format.output, isRaw: work.raw, nameWidth: targets.map(\.name.count).max() ?? 0)
            let results = try await ExecRun(grid: grid, request: request, signer: signer, report: report).run(targets)
            report.finish(results)
            return ExecResult.exitCode(results)
        }
        if code != 0 { throw CommandFailure(code: code) }
    }

    private func targets(_ known: [Noizylab_Grid_NodeInfo]) throws -> [ExecTarget] {
        if all {
            let own = known.filter { !$0.isExternal }
            guard !own.isEmpty else {
                throw CommandFailure(.unreachable, "the grid has no nodes yet", try: "noizylab node list")
            }
            return own.map { ExecTarget(name: $0.name, node: $0, suggestion: nil) }
        }
        var seen: Set<String> = []
        let names = (nodes ?? "").split(separator: ",").map(String.init).filter { seen.insert($0).inserted }
        guard !names.isEmpty else { throw CommandFailure(.usage, "no node is named", try: "noizylab node list") }
        return names.map { name in
            ExecTarget(
                name: name, node: known.first { $0.name == name },
                suggestion: NearestName.to(name, among: known.map(\.name)))
        }
    }
}

/// A node that a command was meant for.
struct ExecTarget: Sendable {
    let name: String
    let node: Noizylab_Grid_NodeInfo?
    let suggestion: String?

    /// Why nothing can run there now; nil when it can be tried.
    var obstacle: String? {
        guard let node else { return "no such node" + (suggestion.map { "; did you mean \($0)?" } ?? "") }
        if node.isExternal { return "external: it takes no tasks" }
        if node.state != "online" { return "\(node.state)" }
        return node.schedulability == "open" || node.schedulability.isEmpty ? nil : node.schedulability
    }
}

/// How it went on one node.
struct ExecResult: Sendable {
    let name: String
    /// Nil when nothing was run.
    var info: Noizylab_Grid_TaskInfo?
    var obstacle: String = ""
    var output = CapturedOutput()

    var state: String { info?.state ?? "unreachable" }

    /// One for the whole; with one target its own.
    static func exitCode(_ results: [ExecResult]) -> Int32 {
        if results.count == 1, let only = results.first {
            return only.info.map(TaskEnding.exitCode) ?? ExitStatus.unreachable.rawValue
        }
        let failed = results.filter { $0.state != "succeeded" }
        if failed.isEmpty { return ExitStatus.success.rawValue }
        if failed.count < results.count { return ExitStatus.someTargetsFailed.rawValue }
        if failed.allSatisfy({ $0.info == nil || $0.state == "lost" }) { return ExitStatus.unreachable.rawValue }
        if failed.allSatisfy({ $0.state == "timed_out" }) { return ExitStatus.timedOut.rawValue }
        return ExitStatus.failure.rawValue
    }
}
