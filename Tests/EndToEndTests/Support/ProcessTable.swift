import Foundation

/// What runs on this machine, read from `/proc` (macOS: from `ps`): to find what a grid started, and what it left behind.
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

    #if os(Linux)
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

        private static func read(_ path: String) -> String? {
            guard let data = FileManager.default.contents(atPath: path) else { return nil }
            return String(decoding: data, as: UTF8.self)
        }

        private static func zeroSeparated(_ path: String) -> [String] {
            (read(path) ?? "").split(separator: "\0").map(String.init)
        }
    #else
        /// What `ps` tells: arguments and environment are one line of words there.
        static func all() -> [Entry] {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/bin/ps")
            process.arguments = ["-axEww", "-o", "pid=,ppid=,state=,command="]
            let output = Pipe()
            process.standardOutput = output
            guard (try? process.run()) != nil else { return [] }
            let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            process.waitUntilExit()
            return text.split(separator: "\n").compactMap { line in
                let words = line.split(separator: " ").map(String.init)
                guard words.count > 3, let pid = Int32(words[0]), let parent = Int32(words[1]),
                    let state = words[2].first
                else { return nil }
                let rest = Array(words[3...])
                return Entry(pid: pid, parent: parent, state: state, arguments: rest, environment: rest, folder: "")
            }
        }

        static func entry(_ pid: Int32) -> Entry? { all().first { $0.pid == pid } }
    #endif

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
}
