import Executors
import Foundation

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// Reads the logs of a home's processes.
enum LogReader {
    /// The newest lines, each said once however often it was logged. Harmless for a terminal: a log may quote what
    /// strangers sent.
    static func lastDifferentLines(_ count: Int, of path: String) -> [String] {
        var seen: Set<Substring> = []
        var newest: [String] = []
        for line in String(decoding: tail(of: path, bytes: 64 << 10), as: UTF8.self).split(separator: "\n").reversed() {
            let words = line.drop { $0 != " " }
            guard newest.count < count, seen.insert(words).inserted else { continue }
            newest.append(TerminalText.oneLine(String(line)))
        }
        return newest.reversed()
    }

    private static func tail(of path: String, bytes limit: Int) -> [UInt8] {
        guard let file = FileHandle(forReadingAtPath: path) else { return [] }
        defer { try? file.close() }
        guard let size = try? file.seekToEnd() else { return [] }
        try? file.seek(toOffset: size > UInt64(limit) ? size - UInt64(limit) : 0)
        return (try? file.readToEnd()).map(Array.init) ?? []
    }

    /// Every line of several logs from a time on, with what rotation moved aside, in the order of their times. A line
    /// without a time belongs to the one before it.
    static func merged(_ parts: [GridPart], in home: HomeFolder, since microseconds: Int64?) -> [String] {
        let since = microseconds.flatMap(TimeText.iso(microseconds:)) ?? ""
        var dated: [(time: String, order: Int, line: String)] = []
        for part in parts {
            var time = ""
            let files = (0...LogFile.keptFiles).reversed().map { number in
                number == 0 ? home.logFile(part) : "\(home.logFile(part)).\(number)"
            }
            for file in files {
                for line in (Folders.read(file, limit: 64 << 20).map { String(decoding: $0, as: UTF8.self) } ?? "")
                    .split(separator: "\n")
                {
                    if let own = self.time(of: line) { time = own }
                    if time >= since { dated.append((time, dated.count, TerminalText.oneLine(String(line)))) }
                }
            }
        }
        return dated.sorted { ($0.time, $0.order) < ($1.time, $1.order) }.map(\.line)
    }

    private static func time(of line: Substring) -> String? {
        let first = line.prefix { $0 != " " }
        return first.count == 24 && first.hasSuffix("Z") && first.prefix(4).allSatisfy(\.isNumber) ? String(first) : nil
    }

    /// New lines as they are written, until cancelled.
    static func follow(_ parts: [GridPart], in home: HomeFolder, _ onLine: (String) -> Void) async throws {
        var cursors = parts.map { LogCursor(path: home.logFile($0)) }
        while true {
            for index in cursors.indices { for line in cursors[index].newLines() { onLine(line) } }
            try await Task.sleep(for: .milliseconds(200))
        }
    }
}

/// Where a follower is in one log, over its rotation.
struct LogCursor {
    private let path: String
    private var offset: UInt64
    private var inode: UInt64
    private var partial: [UInt8] = []

    /// Begins at the end of what is there.
    init(path: String) {
        self.path = path
        (inode, offset) = Self.facts(path)
    }

    mutating func newLines() -> [String] {
        let (inode, size) = Self.facts(path)
        if inode != self.inode || size < offset {
            self.inode = inode
            offset = 0
        }
        guard size > offset, let file = FileHandle(forReadingAtPath: path) else { return [] }
        defer { try? file.close() }
        guard (try? file.seek(toOffset: offset)) != nil, let data = try? file.readToEnd() else { return [] }
        offset += UInt64(data.count)
        partial += data
        guard let end = partial.lastIndex(of: 10) else { return [] }
        let lines = partial[..<end].split(separator: 10).map {
            TerminalText.oneLine(String(decoding: $0, as: UTF8.self))
        }
        partial = Array(partial[(end + 1)...])
        return lines
    }

    private static func facts(_ path: String) -> (UInt64, UInt64) {
        let facts = FileFacts(path)
        return (facts?.number ?? 0, UInt64(facts?.size ?? 0))
    }
}
