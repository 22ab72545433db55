import GridModel
import TOMLKit

/// A configuration file as it was written: known keys, each with its line. Values are judged later.
struct ConfigFile {
    enum Value: Sendable, Hashable {
        case text(String)
        case number(Int64)
        case texts([String])
        case flag(Bool)
        case table([String: Entry])
        case tables([[String: Entry]])
        /// Anything else, by the name of its kind.
        case other(String)
    }

    struct Entry: Sendable, Hashable {
        let value: Value
        let origin: ConfigOrigin
    }

    private(set) var entries: [String: Entry] = [:]
    private(set) var nodes: [[String: Entry]] = []
    /// Where each `[[node]]` begins.
    private(set) var nodeOrigins: [ConfigOrigin] = []

    /// `path` is for messages. Unknown keys are errors with a suggestion.
    init(text: String, path: String) throws(ConfigError) {
        let table: TOMLTable
        do {
            table = try TOMLTable(string: text)
        } catch let error as TOMLParseError {
            throw ConfigError(
                "this is not TOML: \(error.description)", at: "\(path):\(error.source.begin.line)",
                try: "see https://toml.io for how it is written")
        } catch {
            throw ConfigError("this is not TOML: \(error)", at: path)
        }
        let lines = TOMLLines(text)
        for (name, value) in table {
            try Self.check(name, in: "", path, lines.line(of: name))
            if name == "node" {
                try readNodes(value, path, lines)
            } else if let inner = value.table, ConfigKey.all.contains(where: { $0.path.hasPrefix(name + ".") }) {
                for (key, value) in inner {
                    try Self.check(key, in: name, path, lines.line(of: "\(name).\(key)"))
                    entries["\(name).\(key)"] = Self.entry(value, path, lines.line(of: "\(name).\(key)"))
                }
            } else if ConfigKey.all.contains(where: { $0.path == name }) {
                entries[name] = Self.entry(value, path, lines.line(of: name))
            } else {
                throw ConfigError(
                    "'\(name)' is a table of keys, not a value", at: Self.place(path, lines.line(of: name)),
                    try: "[\(name)] and its keys below it: \(ConfigKey.names(in: name).joined(separator: ", "))")
            }
        }
    }

    private mutating func readNodes(
        _ value: any TOMLValueConvertible, _ path: String, _ lines: TOMLLines
    ) throws(ConfigError) {
        guard let list = value.array else {
            throw ConfigError(
                "'node' is a list of machines", at: Self.place(path, lines.line(of: "node")),
                try: "[[node]] with two brackets, once for each machine")
        }
        for (index, item) in list.enumerated() {
            let here = lines.line(of: "node[\(index)]")
            guard let inner = item.table else {
                throw ConfigError("a node is a table", at: Self.place(path, here), try: "[[node]] and name = \"…\"")
            }
            var node: [String: Entry] = [:]
            for (key, value) in inner {
                let line = lines.line(of: "node[\(index)].\(key)") ?? here
                // The link is judged before the keys that only some links have, because that is what is wrong.
                if key != "link", let link = inner["link"]?.string {
                    try GridConfig.checkLink(link, Self.place(path, lines.line(of: "node[\(index)].link") ?? here))
                }
                try Self.check(key, in: "node", path, line)
                node[key] = Self.entry(value, path, line) { lines.line(of: "node[\(index)].\(key)\($0)") }
                try Self.checkInside(key, node[key])
            }
            nodes.append(node)
            nodeOrigins.append(.file(path: path, line: here))
        }
    }

    /// Of a node's tables those whose keys are ours.
    private static func checkInside(_ key: String, _ entry: Entry?) throws(ConfigError) {
        switch (key, entry?.value) {
        case ("road", .tables(let roads)):
            for (key, entry) in roads.flatMap(Array.init) { try check(key, in: "node.road", "\(entry.origin)", nil) }
        case ("ssh", .table(let ssh)):
            for (key, entry) in ssh { try check(key, in: "node.ssh", "\(entry.origin)", nil) }
        default: break
        }
    }

    private static func check(_ name: String, in table: String, _ path: String, _ line: Int?) throws(ConfigError) {
        let known = ConfigKey.names(in: table)
        guard !known.contains(name) else { return }
        let header =
            table.isEmpty
            ? "" : table == "node.ssh" ? " in ssh" : table.hasPrefix("node") ? " in [[\(table)]]" : " in [\(table)]"
        let nearest = NearestName.to(name, among: known)
        throw ConfigError(
            "unknown key '\(name)'\(header)", at: place(path, line),
            try: nearest.map { "'\($0)'" } ?? "one of \(known.joined(separator: ", "))")
    }

    private static func place(_ path: String, _ line: Int?) -> String { line.map { "\(path):\($0)" } ?? path }

    /// `lineOf`: where `.key` of a table or `[0]` of an array stands.
    private static func entry(
        _ value: any TOMLValueConvertible, _ path: String, _ line: Int?, lineOf: (String) -> Int? = { _ in nil }
    ) -> Entry {
        let read: Value
        switch value.type {
        case .string: read = .text(value.string ?? "")
        case .int: read = .number(Int64(value.int ?? 0))
        case .bool: read = .flag(value.bool ?? false)
        case .array:
            let items = value.array.map(Array.init) ?? []
            let (texts, tables) = (items.compactMap(\.string), items.compactMap(\.table))
            if tables.count == items.count, !items.isEmpty {
                read = .tables(
                    tables.enumerated().map { index, table in
                        let here = lineOf("[\(index)]") ?? line
                        return inner(table, path, here) { lineOf("[\(index)]\($0)") }
                    })
            } else {
                read = texts.count == items.count ? .texts(texts) : .other("array")
            }
        case .table: read = .table(value.table.map { inner($0, path, line, lineOf: lineOf) } ?? [:])
        default: read = .other("\(value.type)")
        }
        return Entry(value: read, origin: .file(path: path, line: line))
    }

    private static func inner(
        _ table: TOMLTable, _ path: String, _ line: Int?, lineOf: (String) -> Int?
    ) -> [String: Entry] {
        let items = table.map { key, value in (key, entry(value, path, lineOf(".\(key)") ?? line)) }
        return Dictionary(items, uniquingKeysWith: { $1 })
    }
}

/// On which line of a TOML text each key stands, for messages. Knows headers, keys and dotted keys; what it does not
/// find has no line.
struct TOMLLines {
    private var lines: [String: Int] = [:]

    init(_ text: String) {
        var header = ""
        var counts: [String: Int] = [:]
        for (index, raw) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let line = raw.drop { $0 == " " || $0 == "\t" }
            if line.hasPrefix("[[") {
                let name = Self.table(line.dropFirst(2).prefix { $0 != "]" }, counts)
                let count = counts[name, default: 0]
                counts[name] = count + 1
                header = "\(name)[\(count)]"
                lines[header] = index + 1
                note(name, index)
            } else if line.hasPrefix("[") {
                header = Self.table(line.dropFirst().prefix { $0 != "]" }, counts)
                note(header, index)
            } else if let equals = line.firstIndex(of: "="), line.first != "#" {
                let key = Self.name(line[..<equals])
                let prefix = header.isEmpty ? "" : "\(header)."
                note(prefix + key, index)
                // A dotted key is the table's key too.
                if let dot = key.firstIndex(of: ".") { note(prefix + key[..<dot], index) }
            }
        }
    }

    func line(of path: String) -> Int? { lines[path] }

    private mutating func note(_ path: String, _ index: Int) {
        if lines[path] == nil { lines[path] = index + 1 }
    }

    /// `[node.labels]`, and `[[node.road]]`, is of the `[[node]]` before it.
    private static func table(_ text: some StringProtocol, _ counts: [String: Int]) -> String {
        let path = name(text)
        guard let dot = path.firstIndex(of: "."), let count = counts[String(path[..<dot])] else { return path }
        return "\(path[..<dot])[\(count - 1)]\(path[dot...])"
    }

    private static func name(_ text: some StringProtocol) -> String {
        text.split(separator: ".").map { part in
            let bare = part.trimmingPrefix(while: \.isWhitespace)
            let isQuoted = bare.first == "\"" || bare.first == "'"
            return bare.dropFirst(isQuoted ? 1 : 0).prefix {
                $0 != "\"" && $0 != "'" && (isQuoted || !$0.isWhitespace)
            }
        }.joined(separator: ".")
    }
}
