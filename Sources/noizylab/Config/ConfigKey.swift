/// A key of the configuration: the one table from which it is read, checked, overridden and shown.
struct ConfigKey: Sendable {
    enum Kind: Sendable {
        case name, text, endpoint, texts, duration, size, count
    }

    /// `coordinator.listen`; in a `[[node]]` the bare name.
    let path: String
    let kind: Kind
    /// As it would be written; empty when the machine decides.
    let standard: String
    let meaning: String

    init(_ path: String, _ kind: Kind, _ standard: String, _ meaning: String) {
        self.path = path
        self.kind = kind
        self.standard = standard
        self.meaning = meaning
    }

    /// `NOIZYLAB_COORDINATOR_LISTEN`.
    var variable: String { "NOIZYLAB_" + path.uppercased().replacing(".", with: "_") }

    static let all: [ConfigKey] = [
        ConfigKey("cluster", .name, "NOIZYLAB", "the grid's name; it stands in every certificate"),
        ConfigKey("coordinator.node", .name, "", "the machine that decides; the first local node unless said"),
        ConfigKey("coordinator.listen", .endpoint, "0.0.0.0:50051", "mutual TLS: agents and certificate holders"),
        ConfigKey("coordinator.edge", .endpoint, "0.0.0.0:50052", "server TLS: machines that join"),
        ConfigKey("coordinator.names", .texts, "", "further names and addresses by which clients reach it"),
        ConfigKey("tasks.output_limit", .size, "64MiB", "kept of each output stream, unless the task says"),
        ConfigKey("tasks.timeout", .duration, "1h", "for calls of NoizyGridRPC that give none"),
        ConfigKey("tasks.lost_attempts", .count, "10", "lost attempts that are made good before a task is lost"),
        ConfigKey("tasks.cancel_grace", .duration, "5s", "between TERM and KILL"),
        ConfigKey("tasks.max_live", .count, "1000000", "unfinished tasks at most"),
        ConfigKey("liveness.suspect_after", .duration, "1500ms", "silence after which nothing new is placed"),
        ConfigKey("liveness.offline_after", .duration, "5s", "silence after which what ran there moves"),
        ConfigKey("liveness.reconnect_grace", .duration, "2s", "for a node whose connection closed"),
        ConfigKey("liveness.recovery_grace", .duration, "15s", "for nodes to come back after the coordinator started"),
    ]

    static let node: [ConfigKey] = [
        ConfigKey("name", .name, "", "how it is called everywhere"),
        ConfigKey("role", .text, "compute", "primary, secondary, compute or a word of your own"),
        ConfigKey("link", .text, "agent", "local: this machine; agent: it dials in"),
        ConfigKey("address", .text, "", "where it is, for people"),
    ]

    /// The names that may stand in a table, `""` being the top.
    static func names(in table: String) -> [String] {
        if table == "node" { return node.map(\.path) }
        if table.isEmpty { return Array(Set(all.map { String($0.path.prefix { $0 != "." }) } + ["node"])).sorted() }
        return all.filter { $0.path.hasPrefix(table + ".") }.map { String($0.path.dropFirst(table.count + 1)) }
    }
}
