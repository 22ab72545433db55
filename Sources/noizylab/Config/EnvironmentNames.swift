import Foundation
import GridModel

/// The variables whose names begin with `NOIZYLAB_`: which the program knows, and which somebody probably misspelt. A
/// misspelt one is told in a line and changes nothing, since a task, or another program, may have its own of that name.
enum EnvironmentNames {
    /// Beside those of the configuration.
    private static let others = [
        "NOIZYLAB_HOME", "NOIZYLAB_CONFIG", "NOIZYLAB_GRID", "NOIZYLAB_CERT", "NOIZYLAB_CA", "NOIZYLAB_API_KEY",
        "NOIZYLAB_LOG",
    ]
    /// What a task finds in its environment.
    private static let ofTasks = ["NOIZYLAB_TASK", "NOIZYLAB_ATTEMPT", "NOIZYLAB_NODE", "NOIZYLAB_SCRATCH"]

    /// What is to be said of `names`, in their order; nothing of what is known, or like nothing that is.
    static func warnings(_ names: [String]) -> [String] {
        let keys = ConfigKey.all.map(\.variable)
        let known = Set(keys + others + ofTasks)
        let sections = Set(
            ConfigKey.all.compactMap { key in
                key.path.firstIndex(of: ".").map { "NOIZYLAB_" + key.path[..<$0].uppercased() + "_" }
            })
        return names.filter { $0.hasPrefix("NOIZYLAB_") && !known.contains($0) }.sorted().compactMap { name in
            // Without what all begin with: that alone makes none alike.
            let nearest = NearestName.to(
                String(name.dropFirst(9)), among: (keys + others).map { String($0.dropFirst(9)) })
            guard nearest != nil || sections.contains(where: { name.hasPrefix($0) }) else { return nil }
            let hint = nearest.map { "did you mean NOIZYLAB_\($0)?" } ?? "noizylab config show tells what there is"
            return "\(name) is no variable of the configuration and changes nothing; \(hint)"
        }
    }

    /// Of this process, on standard error.
    static func warn(to console: Console = .stderr) {
        for warning in warnings(Array(ProcessInfo.processInfo.environment.keys)) {
            console.print(console.style.paint("warning:", .warning) + " " + TerminalText.oneLine(warning))
        }
    }
}
