import Foundation

/// What runs on this machine, read from `/proc`: to find what a grid started, and what it left behind.
enum ProcessTable {
    struct Entry: Sendable, CustomStringConvertible {
        let pid: Int32
        let parent: Int32
        let state: Character
        let arguments: [String]
        let environment: [String]
        let folder: String

        var description: String { "\(pid) (\(state)) \(arguments.joined(separator: " "))" }
    }

    static func all() -> [Entry] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.compactMap { Int32($0) }.compactMap(entry)
    }

    static func entry(_ pid: Int32) -> Entry? {
        guard let stat = read("/proc/\(pid)/stat") else { return nil }
        // "pid (name) S ppid …"; the name may hold anything, so begin after its last parenthesis.
        guard let close = stat.lastIndex(of: ")") else { return nil }
        let fields = stat[stat.index(after: close)...].split(separator: " ")
        guard fields.count > 1, let state = fields[0].first, let parent = Int32(fields[1]) else { return nil }
        return Entry(
            pid: pid, parent: parent, state: state, arguments: zeroSeparated("/proc/\(pid)/cmdline"),
            environment: zeroSeparated("/proc/\(pid)/environ"),
            folder: (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(pid)/cwd")) ?? "")
    }

    /// Everything that has to do with a grid's home: by its environment, its arguments or its folder. The zombies that
    /// only wait for their parent are not counted.
    static func processes(ofHome home: String) -> [Entry] {
        all().filter { entry in
            entry.state != "Z" && entry.pid != getpid()
                && (entry.environment.contains("NOIZYLAB_HOME=\(home)")
                    || entry.arguments.contains { $0.contains(home) } || entry.folder.hasPrefix(home))
        }
    }

    /// The processes that run the grid's own binary as `part` ("supervise", "coordinator", "agent").
    static func part(_ part: String, ofHome home: String) -> [Entry] {
        processes(ofHome: home).filter { entry in
            entry.arguments.count > 1 && entry.arguments[0].hasSuffix("noizylab") && entry.arguments[1] == part
        }
    }

    private static func read(_ path: String) -> String? {
        guard let data = FileManager.default.contents(atPath: path) else { return nil }
        return String(decoding: data, as: UTF8.self)
    }

    private static func zeroSeparated(_ path: String) -> [String] {
        (read(path) ?? "").split(separator: "\0").map(String.init)
    }
}
