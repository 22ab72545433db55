import ArgumentParser
import Foundation

/// `noizylab bench flood` in a process of its own.
struct HostileProcess {
    /// How it shares the processors with those it attacks.
    enum Priority: String, ExpressibleByArgument, CaseIterable, Sendable {
        /// It gets what everybody else leaves, as if it were elsewhere.
        case lowest
        case equal

        /// The program that starts it so.
        fileprivate var prefix: [String] {
            switch self {
            case .equal: []
            case .lowest:
                // Linux lets a merely nice process keep a processor for some milliseconds; an idle one not.
                FileManager.default.isExecutableFile(atPath: "/usr/bin/chrt")
                    ? ["/usr/bin/chrt", "--idle", "0"] : ["/usr/bin/nice", "-n", "19"]
            }
        }
    }

    /// What it did.
    struct Report: Sendable {
        var attempts = 0
        var cpuSeconds = 0.0
        var seconds = 0.0

        mutating func add(_ other: Report) {
            attempts += other.attempts
            cpuSeconds += other.cpuSeconds
            seconds += other.seconds
        }
    }

    private let process: Process
    private let output: Pipe

    init(
        _ attack: Attack, _ priority: Priority, _ locator: GridLocator, folder: String, rate: Double, share: Double
    ) throws {
        process = Process()
        output = Pipe()
        let command =
            priority.prefix
            + [
                Bundle.main.executablePath ?? "noizylab", "bench", "flood", attack.rawValue, "--rate", "\(rate)",
                "--share", "\(share)", "--home", locator.home.path, "--cert", folder,
            ] + (locator.grid.map { ["--grid", $0] } ?? [])
        process.executableURL = URL(fileURLWithPath: command[0])
        process.arguments = Array(command.dropFirst())
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        // It says when it is connected: what it takes to start a program is not the grid's.
        guard let first = try output.fileHandleForReading.read(upToCount: 1), !first.isEmpty else {
            throw BenchError("The hostile client did not start: \(command.joined(separator: " "))")
        }
    }

    func stop() async -> Report {
        process.terminate()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        let numbers = text.split { $0 == "\n" || $0 == " " }.suffix(3).compactMap { Double($0) }
        guard numbers.count == 3 else { return Report() }
        return Report(attempts: Int(numbers[0]), cpuSeconds: numbers[1], seconds: numbers[2])
    }
}
