import Executors
import Foundation

/// Ends everything that runs from a home, supervised or not, and leaves no file in `run/`.
struct GridStopper {
    let home: HomeFolder

    /// The supervisor ends its parts itself; this is how long it may take.
    private static let supervisorPatience: Duration = .seconds(20)

    /// What was ended.
    func stop() async throws -> [GridPart] {
        let found = living()
        let stop = PartStop(home: home, logger: nil)
        await stop.end(
            found.filter { $0.part == .supervisor }.map { ($0.part, $0.record) }, within: Self.supervisorPatience)
        // What a killed supervisor left, and what came into being meanwhile.
        let left = living().map { ($0.part, $0.record) }
        await stop.run(left)
        let stubborn = living()
        guard stubborn.isEmpty else {
            throw CommandFailure(
                .failure, "still running: \(stubborn.map { "\($0.part) (\($0.record.pid))" }.joined(separator: ", "))",
                try: "noizylab stop again, or look at the machine: a disk may hang")
        }
        for name in Folders.names(in: home.run) { Folders.remove("\(home.run)/\(name)") }
        return found.map(\.part)
    }

    /// A supervisor in the foreground cleans up after itself, and is not to end itself.
    private func living() -> [(part: GridPart, record: ProcessRecord)] {
        ProcessRecord.allLiving(in: home).filter { $0.record.pid != getpid() }
    }
}
