import ArgumentParser
import GridModel
import GridWire
import NoizyClient
import SwiftProtobuf

struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration.command(
        "run", "Run a command on the grid, and show what it prints as it prints it.",
        examples: [
            "run -- uname -a", "run --on Mac-Pro -- sh -c 'for i in 1 2 3; do echo $i; sleep 1; done'",
            "run --shell --timeout 30s --retries 2 -- 'date | tee now.txt'", "run --cpu 2 --memory 2GiB -- make all",
            "run --where 'os == \"linux\" && gpu.memory >= 8GiB' --plan -- ./train",
            "run --detach --key nightly-1 -- ./backup", "run --type python -- 'print(6 * 7)'",
            "run --sign anna.key --on HP-OMEN -- ./render", "run -o json -- true",
        ],
        discussion: """
            The exit code is the command's own; 6 when it timed out, 4 when its node is unknown or was lost. Ctrl-C \
            cancels the task and ends with 130; a second Ctrl-C leaves at once.
            """)

    @OptionGroup var options: GridOptions
    @OptionGroup var work: WorkOptions

    @Option(help: ArgumentHelp("The one node it may run on (default: the grid chooses).", valueName: "node"))
    var on: String?

    @Option(
        name: .customLong("where"),
        help: ArgumentHelp(
            "What its node must be: 'os == \"linux\" && gpu.memory >= 8GiB && label.zone != \"attic\"'.",
            valueName: "expression"))
    var constraint: String?

    @Option(help: ArgumentHelp("Cores it needs: 2, 0.5.", valueName: "n"), transform: Arguments.cores)
    var cpu: Int64?

    @Option(help: ArgumentHelp("Memory it needs: 2GiB.", valueName: "size"), transform: Arguments.size)
    var memory: Int64?

    @Option(help: ArgumentHelp("Whole GPUs it needs.", valueName: "n"))
    var gpu: Int?

    @Option(help: ArgumentHelp("A share of one GPU's memory: 8GiB.", valueName: "size"), transform: Arguments.size)
    var gpuMemory: Int64?

    @Option(help: ArgumentHelp("Free disk it needs: 20GiB.", valueName: "size"), transform: Arguments.size)
    var disk: Int64?

    @Option(
        name: .customLong("resource"),
        help: ArgumentHelp("So many of what the nodes' owner counts: licence=1.", valueName: "name=n"),
        transform: Arguments.counted)
    var resources: [CountedResource] = []

    @Option(help: ArgumentHelp("Attempts after the first that fails.", valueName: "n"))
    var retries = 0

    @Option(
        help: ArgumentHelp(
            "When its node is lost: retry elsewhere, wait for the node, or fail.", valueName: "retry|wait|fail"))
    var onLost: LostPolicy = .retry

    @Option(
        help: ArgumentHelp(
            "Do so only when its node was silent for this long (default: as soon as it is lost).", valueName: "time"),
        transform: Arguments.duration)
    var lostAfter: Int64?

    @Option(help: ArgumentHelp("-100 to 100; higher goes first.", valueName: "n"))
    var priority = 0

    @Option(
        help: ArgumentHelp("Names the task: the same key and command give the same task.", valueName: "key"),
        transform: Arguments.key)
    var key: String?

    @Option(
        help: ArgumentHelp("Give up when it could not start by then.", valueName: "time"), transform: Arguments.limit
    )
    var queueTimeout: Int64?

    @Option(
        help: ArgumentHelp(
            "durable: kept before it is taken; ephemeral: in memory only.", valueName: "durable|ephemeral"))
    var durability: Durability = .durable

    @Flag(help: "Show where it would go and why, and run nothing.")
    var plan = false

    @Flag(help: "Print its id and leave it to the grid.")
    var detach = false

    @OptionGroup var format: DocumentOption

    func run() async throws {
        let unsigned = try request()
        // A plan is asked without a key, for which alone an envelope would be good.
        let request = plan ? unsigned : try work.signer(options)?(unsigned) ?? unsigned
        try await options.withGrid { grid in
            if plan {
                let report = try await grid.placementPlan(request.message)
                PlacementDetails(report: report, now: Clocks.wall()).print(as: format.output)
                return
            }
            let submitted = try await grid.submitted(
                .with {
                    $0.spec = request.message
                    $0.key = request.key
                }
            ).task
            if detach {
                let document = TaskDocument.make(submitted, output: nil)
                Console.stdout.print(format.output == .json ? document.pretty : submitted.id)
                return
            }
            try await TaskFollower(
                grid: grid, task: submitted, isRaw: work.raw, isJSON: format.output == .json, cancelsOnInterrupt: true
            ).run()
        }
    }

    /// Read here already, to show where it is wrong.
    private func checkedConstraint() throws -> String {
        guard let constraint else { return "" }
        do {
            return try Constraint(constraint).text
        } catch {
            throw CommandFailure(.usage, "--where: \(error.illustrated)")
        }
    }

    private func request() throws -> TaskRequest {
        var request = try work.request()
        request.node = on
        request.constraint = try checkedConstraint()
        request.cpuMillis = cpu ?? 0
        request.memoryBytes = memory ?? 0
        request.gpus = gpu ?? 0
        request.gpuMemoryBytes = gpuMemory ?? 0
        request.diskBytes = disk ?? 0
        request.resources = Dictionary(resources.map { ($0.name, $0.count) }, uniquingKeysWith: { $1 })
        request.retries = retries
        request.onLost = TaskRequest.LostPolicy(rawValue: onLost.rawValue) ?? .retry
        request.lostAfter = lostAfter.map { .milliseconds($0) }
        request.priority = priority
        request.key = key ?? ""
        request.queueTimeout = queueTimeout.map { .milliseconds($0) }
        request.isEphemeral = durability == .ephemeral
        for (name, number, range) in [
            ("--gpu", request.gpus, 0...1_024), ("--retries", retries, 0...100), ("--priority", priority, -100...100),
        ] where !range.contains(number) {
            throw CommandFailure(
                .usage, "\(name) is \(range.lowerBound) to \(range.upperBound), not \(number)",
                try: "noizylab run --help")
        }
        return request
    }
}

extension LostPolicy: ExpressibleByArgument {}
extension Durability: ExpressibleByArgument {}
