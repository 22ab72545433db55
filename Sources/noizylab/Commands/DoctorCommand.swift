import ArgumentParser
import GridLogic

struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration.command(
        "doctor", "Look for what is wrong with this machine, the grid and its nodes, and say what mends it.",
        examples: ["doctor", "doctor Mac-Pro", "doctor --repair", "doctor -o json"],
        discussion: """
            The exit code is 0 when nothing is worse than a warning, 1 when a check of this machine (or of the node that \
            is named) failed, 3 when only checks of nodes failed, and 4 when the node that is named is unknown or cannot \
            be reached.
            """)

    @OptionGroup var options: GridOptions

    @Argument(help: "Only this node (default: this machine, and every node).")
    var node: String?

    @Flag(help: "First close what others could open, and remove what processes left that are gone.")
    var repair = false

    @OptionGroup var format: DocumentOption

    func run() async throws {
        if repair {
            let home = options.folder
            for line in ModeLook(home: home).repair() + ProcessLook.repair(home) {
                Console.stderr.print("repaired: \(TerminalText.oneLine(line))")
            }
        }
        let report = try await Doctor(home: options.folder, locator: options.locator, config: options.config)
            .look(at: node)
        let listing = DoctorListing(report: report)
        switch format.output {
        case .json: Console.stdout.print(listing.json.pretty)
        case .text: listing.print(to: .stdout)
        }
        switch report.verdict(askedFor: node) {
        case .well: return
        case .failed: throw CommandFailure(code: ExitStatus.failure.rawValue)
        case .someNodesFailed: throw CommandFailure(code: ExitStatus.someTargetsFailed.rawValue)
        case .unreachable: throw CommandFailure(code: ExitStatus.unreachable.rawValue)
        }
    }
}
