/// A key of the configuration: the one table from which it is read, checked, overridden and shown.
struct ConfigKey: Sendable {
    enum Kind: Sendable {
        case name, text, endpoint, texts, duration, size, count, flag, labels, counts, roads, reach
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
        ConfigKey("coordinator.edge", .endpoint, "0.0.0.0:50052", "server TLS: machines that join, and API keys"),
        ConfigKey("coordinator.names", .texts, "", "further names and addresses by which clients reach it"),
        ConfigKey(
            "coordinator.announce", .flag, "true",
            "say on the local network that it is there (mDNS), when it listens beyond loopback"),
        ConfigKey("tasks.output_limit", .size, "64MiB", "kept of each output stream, unless the task says"),
        ConfigKey("tasks.timeout", .duration, "1h", "for calls of NoizyGridRPC that give none"),
        ConfigKey("tasks.lost_attempts", .count, "10", "lost attempts that are made good before a task is lost"),
        ConfigKey("tasks.poison_nodes", .count, "3", "nodes lost with a task before it is its fault"),
        ConfigKey("tasks.fair_share", .flag, "true", "clients that wait take turns, however much each has queued"),
        ConfigKey(
            "tasks.preempt", .flag, "false", "a task that waits may end what is of lower priority and can begin anew"),
        ConfigKey("tasks.max_preemptions", .count, "3", "times that one task is ended for others"),
        ConfigKey("tasks.cancel_grace", .duration, "5s", "between TERM and KILL"),
        ConfigKey("tasks.max_live", .count, "1000000", "unfinished tasks at most"),
        ConfigKey("tasks.max_live_per_client", .count, "500000", "of them, of one client"),
        ConfigKey(
            "tasks.placement", .text, "balanced", "how a node is chosen: balanced, pack, spread, fragmentation or near"),
        ConfigKey(
            "liveness.suspect_after", .duration, "1100ms", "silence after which a node is asked, and given nothing"),
        ConfigKey("liveness.offline_after", .duration, "1800ms", "silence after which what ran there moves"),
        ConfigKey("liveness.reconnect_grace", .duration, "150ms", "for a node whose connection closed"),
        ConfigKey("liveness.quarantine", .duration, "10s", "the first, of a node that comes and goes"),
        ConfigKey("liveness.risk", .text, "tell", "what follows when a node is likely to fail: tell, avoid or drain"),
        ConfigKey("liveness.recovery_grace", .duration, "15s", "for nodes to come back after the coordinator started"),
        ConfigKey("limits.reads", .count, "1000", "looks at the grid, a second and caller; 0: without limit"),
        ConfigKey("limits.changes", .count, "50", "changes, a second and caller"),
        ConfigKey("limits.tasks", .count, "2000", "tasks submitted, a second and caller"),
        ConfigKey("limits.streams", .count, "50", "streams opened, a second and caller"),
        ConfigKey("limits.bytes", .size, "32MiB", "arguments and inputs of tasks, a second and caller"),
        ConfigKey("limits.open_calls", .count, "256", "calls open at once, for each caller"),
        ConfigKey("limits.operator_factor", .count, "25", "operators may do so many times as much"),
        ConfigKey(
            "limits.contended_divisor", .count, "16", "while others ask too, a caller has this part of its rates"),
        ConfigKey(
            "limits.stored_output", .size, "10GiB", "task output on disk, for each submitter; 0: without limit"),
        ConfigKey("limits.connections", .count, "8192", "connections open at once"),
        ConfigKey("limits.connections_per_address", .count, "2048", "of them, from one address"),
        ConfigKey("limits.handshake_timeout", .duration, "10s", "for a stranger to finish the TLS handshake"),
        ConfigKey("audit.retention", .duration, "365d", "how long the audit is kept"),
        ConfigKey("audit.max_entries", .count, "1000000", "entries of the audit at most; the oldest go first"),
        ConfigKey("certificates.node_lifetime", .duration, "30d", "of nodes; they renew at two thirds of it"),
        ConfigKey("certificates.client_lifetime", .duration, "365d", "of people and programs"),
        ConfigKey("certificates.overlap", .duration, "30d", "the authority before is believed no longer than this"),
        ConfigKey("certificates.least_overlap", .duration, "1h", "and no shorter"),
        ConfigKey("certificates.recovery", .duration, "90d", "after its end a node may come back by its key"),
    ]

    static let node: [ConfigKey] = [
        ConfigKey("name", .name, "", "how it is called everywhere"),
        ConfigKey("role", .text, "compute", "primary, secondary, compute or a word of your own"),
        ConfigKey("link", .text, "agent", "local: this machine; agent: it dials in; ssh, winrm: nothing of ours there"),
        ConfigKey("address", .text, "", "where it is: for ssh and winrm the one to connect to, else for people"),
        ConfigKey("port", .count, "", "for ssh, else as OpenSSH's configuration says; for winrm, else 5986 or 5985"),
        ConfigKey("user", .text, "", "for ssh, else as OpenSSH's configuration says; for winrm"),
        ConfigKey("key", .text, "", "a private key's file: for ssh, else as OpenSSH finds it; of client_certificate"),
        ConfigKey("known_hosts", .text, "", "for ssh: a file of known hosts besides the user's own"),
        ConfigKey(
            "password", .text, "", "for winrm: where it is, { env = \"…\" }, { file = \"…\" }, { keychain = \"…\" }"),
        ConfigKey("auth", .text, "ntlm", "for winrm: ntlm, basic or certificate"),
        ConfigKey("https", .flag, "true", "for winrm; without it every message is sealed"),
        ConfigKey("certificate", .text, "", "for winrm: sha256:…, the host's certificate and no other"),
        ConfigKey("ca", .text, "", "for winrm: a file of authorities; else this machine's own"),
        ConfigKey("client_certificate", .text, "", "for winrm with auth = certificate: its file"),
        ConfigKey("ssh", .reach, "", "with link = \"agent\": how `start` reaches it to put the agent there"),
        ConfigKey("road", .roads, "", "another way to a node without an agent, for when those before it are closed"),
        ConfigKey("require_signed", .flag, "false", "a local node takes only tasks that a trusted signer signed"),
        ConfigKey("trusted_keys", .texts, "", "signers' public keys, besides those of noizylab signer trust"),
        ConfigKey("labels", .labels, "", "what is said of a local node, for --where: zone = \"attic\""),
        ConfigKey("resources", .counts, "", "what is counted at a local node, for --resource: licence = 1"),
    ]

    /// Of a `[[node.road]]`; what it does not say is as the node's own.
    static let road = ["link", "address", "known_hosts"] + ReachOverWinRM.keys

    /// Of a node's `ssh = { … }`.
    static let ssh = ["user", "port", "key", "known_hosts"]

    /// The names that may stand in a table, `""` being the top.
    static func names(in table: String) -> [String] {
        if table == "node" { return node.map(\.path) }
        if table == "node.road" { return road }
        if table == "node.ssh" { return ssh }
        if table.isEmpty { return Array(Set(all.map { String($0.path.prefix { $0 != "." }) } + ["node"])).sorted() }
        return all.filter { $0.path.hasPrefix(table + ".") }.map { String($0.path.dropFirst(table.count + 1)) }
    }
}
