import GridIdentity
import GridLogic
import GridModel
import NoizyClient

/// The configuration of a grid, read, overridden and judged; every value knows where it came from.
///
/// The keys are those of `ConfigKey`. `NOIZYLAB_…` overrides the file, flags override both.
struct GridConfig: Sendable {
    struct ConfiguredNode: Sendable, Hashable {
        var name: NodeName
        var role: String
        var link: LinkKind
        var address: String
        var requiresSignatures: Bool
        var trustedKeys: [String]
        var labels: [String: String] = [:]
        var resources: [String: Int64] = [:]
        /// The ways to a node without an agent, in the order in which they are preferred.
        var roads: [PlannedRoad] = []
        /// How `start` reaches the machine to put an agent there; nil: somebody else does.
        var installation: PlannedRoad?
    }

    struct Shown: Sendable, Hashable {
        let key: String
        let value: String
        let origin: ConfigOrigin
    }

    /// The file it was read from; nil when there was none.
    let path: String?
    let cluster: String
    let node: NodeName
    let listen: GridEndpoint
    let edge: GridEndpoint
    let names: [String]
    /// At least one: this machine alone when none is configured.
    let nodes: [ConfiguredNode]
    /// `tasks.…`, `liveness.…`, `limits.…` and `audit.…`: milliseconds, bytes, counts, and 1 or 0 for true
    /// or false, where they are not the default.
    let numbers: [String: Int64]
    let placement: PlacementRule
    let risk: RiskRule
    /// Everything, for `config show`.
    let shown: [Shown]

    /// - Parameter hostName: of this machine, for the grid that names no node.
    init(
        file: ConfigFile?, path: String?, environment: (String) -> String?,
        flags: [String: (flag: String, value: String)],
        hostName: String
    ) throws(ConfigError) {
        self.path = path
        var entries = file?.entries ?? [:]
        for key in ConfigKey.all {
            if let value = environment(key.variable), !value.isEmpty {
                entries[key.path] = ConfigFile.Entry(
                    value: Self.read(value, as: key.kind), origin: .environment(key.variable))
            }
            if let (flag, value) = flags[key.path] {
                entries[key.path] = ConfigFile.Entry(value: Self.read(value, as: key.kind), origin: .flag(flag))
            }
        }
        var values = ConfigValues(entries: entries)
        cluster = try values.name("cluster")
        listen = try values.endpoint("coordinator.listen")
        edge = try values.endpoint("coordinator.edge")
        names = try values.texts("coordinator.names")
        guard listen.port != edge.port || listen.port == 0 else {
            throw ConfigError(
                "coordinator.listen and coordinator.edge have the same port \(edge.port)",
                at: values.place("coordinator.edge"), try: "two different ports, such as 50051 and 50052")
        }
        let own = NodeName(checked: Self.nodeName(from: hostName))
        nodes = try Self.nodes(file, fallback: own)
        node = try Self.coordinatorNode(&values, nodes, own)
        numbers = try values.numbers()
        try Self.checkLiveness(numbers, values)
        placement = try Self.choice("tasks.placement", "policy", &values)
        risk = try Self.choice("liveness.risk", "rule", &values)
        shown = values.shown + Self.shown(nodes, file)
    }

    private static func coordinatorNode(
        _ values: inout ConfigValues, _ nodes: [ConfiguredNode], _ own: NodeName
    ) throws(ConfigError) -> NodeName {
        let fallback = nodes.first { $0.link == .local }?.name ?? own
        let text = try values.name("coordinator.node", fallback: fallback.text)
        guard let named = nodes.first(where: { $0.name.text == text }) else {
            guard text != fallback.text else { return fallback }
            throw ConfigError(
                "coordinator.node '\(text)' is no node of this file", at: values.place("coordinator.node"),
                try: NearestName.to(text, among: nodes.map(\.name.text)).map { "'\($0)'" }
                    ?? "one of \(nodes.map(\.name.text).joined(separator: ", "))")
        }
        guard named.link == .local else {
            throw ConfigError(
                "the coordinator's node '\(text)' has the link '\(named.link.rawValue)'",
                at: values.place("coordinator.node"), try: "link = \"local\" for the machine that decides")
        }
        return named.name
    }

    /// A node is asked before it is given up, and neither at once.
    private static func checkLiveness(_ numbers: [String: Int64], _ values: ConfigValues) throws(ConfigError) {
        let (suspect, offline) = ("liveness.suspect_after", "liveness.offline_after")
        let usual = GridSettings()
        let suspectAfter = numbers[suspect] ?? usual.suspectAfterMilliseconds
        let offlineAfter = numbers[offline] ?? usual.offlineAfterMilliseconds
        guard suspectAfter > 0 else {
            throw ConfigError(
                "\(suspect) is no time at all: every node would be suspect", at: values.place(suspect),
                try: "\(suspect) = \"\(usual.suspectAfterMilliseconds)ms\"")
        }
        guard offlineAfter > suspectAfter else {
            throw ConfigError(
                "\(offline) is \(offlineAfter) ms and \(suspect) \(suspectAfter) ms: a node is asked before it is "
                    + "given up",
                at: values.place(numbers[offline] == nil ? suspect : offline),
                try: "\(offline) = \"\(suspectAfter + 700)ms\"")
        }
    }

    /// One of the words that the key may have; `noun` is what they are.
    private static func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ key: String, _ noun: String, _ values: inout ConfigValues
    ) throws(ConfigError) -> Choice {
        let text = try values.shownText(key)
        if let choice = Choice(rawValue: text) { return choice }
        let known = Choice.allCases.map(\.rawValue)
        throw ConfigError(
            "\(key) '\(text)' is no \(noun)", at: values.place(key),
            try: NearestName.to(text, among: known).map { "\"\($0)\"" } ?? "one of \(known.joined(separator: ", "))")
    }

    private static func nodes(_ file: ConfigFile?, fallback: NodeName) throws(ConfigError) -> [ConfiguredNode] {
        guard let file, !file.nodes.isEmpty else {
            return [
                ConfiguredNode(
                    name: fallback, role: "primary", link: .local, address: "", requiresSignatures: false,
                    trustedKeys: [])
            ]
        }
        var nodes: [ConfiguredNode] = []
        for (index, entries) in file.nodes.enumerated() {
            let origin = "\(file.nodeOrigins[index])"
            guard entries["name"] != nil else {
                throw ConfigError("a node without a name", at: origin, try: "name = \"Mac-Pro\"")
            }
            var values = ConfigValues(entries: entries)
            let text = try values.text("name")
            guard let name = NodeName(text) else {
                throw ConfigError(
                    "'\(text)' is not a node name", at: values.place("name"),
                    try: "1 to 63 letters, digits, '.', '_' or '-'")
            }
            guard !nodes.contains(where: { $0.name == name }) else {
                throw ConfigError("two nodes are called '\(name)'", at: values.place("name"), try: "a name for each")
            }
            let link = try checkLink(values.text("link"), values.place("link"))
            try checkOwner(of: values, link)
            let roads = try PlannedRoad.all(&values, link)
            let installation = try PlannedRoad.installation(values, link)
            let (requiresSignatures, trustedKeys) = try signing(&values)
            nodes.append(
                ConfiguredNode(
                    name: name, role: try values.text("role"), link: link, address: try values.text("address"),
                    requiresSignatures: requiresSignatures, trustedKeys: trustedKeys,
                    labels: try values.labels("labels"), resources: try values.counts("resources"), roads: roads,
                    installation: installation))
        }
        return nodes
    }

    /// Only a node that runs here can be told here: another must not take this machine's word for it.
    private static func checkOwner(of values: ConfigValues, _ link: LinkKind) throws(ConfigError) {
        guard link == .agent else { return }
        for (key, remedy) in [
            ("require_signed", "noizylab join … --require-signed, and noizylab signer trust KEY"),
            ("trusted_keys", "noizylab join … --require-signed, and noizylab signer trust KEY"),
            ("labels", "noizylab join … --label zone=attic"), ("resources", "noizylab join … --resource licence=1"),
        ] where values.entries[key] != nil {
            throw ConfigError(
                "\(key) is that node's own to say, on its own machine", at: values.place(key), try: "there: \(remedy)")
        }
    }

    private static func signing(
        _ values: inout ConfigValues
    ) throws(ConfigError) -> (requiresSignatures: Bool, trustedKeys: [String]) {
        let isRequired = try values.flag("require_signed")
        let keys = try values.texts("trusted_keys")
        for key in keys {
            do {
                _ = try SignerPublicKey(parsing: key)
            } catch {
                throw ConfigError(
                    "trusted_keys: \(error.message)", at: values.place("trusted_keys"),
                    try: "what `noizylab signer show KEYFILE` prints")
            }
        }
        return (isRequired, keys)
    }

    @discardableResult
    static func checkLink(_ text: String, _ place: String) throws(ConfigError) -> LinkKind {
        if let link = LinkKind(rawValue: text) { return link }
        throw ConfigError(
            "unknown link '\(text)'", at: place,
            try: "one of \(LinkKind.allCases.map(\.rawValue).joined(separator: ", "))")
    }

    private static func shown(_ nodes: [ConfiguredNode], _ file: ConfigFile?) -> [Shown] {
        nodes.enumerated().flatMap { index, node -> [Shown] in
            let entries = file?.nodes.indices.contains(index) == true ? file?.nodes[index] ?? [:] : [:]
            return shown(node).map { key, value in
                Shown(key: "node[\(index)].\(key)", value: value, origin: entries[key]?.origin ?? .builtIn)
            }
        }
    }

    private static func shown(_ node: ConfiguredNode) -> [(String, String)] {
        let (ssh, winrm) = (node.roads.first?.ssh, node.roads.first?.winrm)
        let further = node.roads.dropFirst().map(\.name).joined(separator: ", ")
        var rows: [(String, String)] = [
            ("name", node.name.text), ("role", node.role), ("link", node.link.rawValue), ("address", node.address),
        ]
        rows += [("port", (ssh?.port ?? winrm?.port).map(String.init) ?? ""), ("user", ssh?.user ?? winrm?.user ?? "")]
        rows += [("key", ssh?.key ?? winrm?.clientKey ?? "")]
        rows += [("known_hosts", ssh?.knownHosts ?? ""), ("road", further), ("ssh", node.installation?.name ?? "")]
        rows += [("require_signed", "\(node.requiresSignatures)")]
        rows += [("trusted_keys", node.trustedKeys.joined(separator: ","))]
        rows += [("labels", Declarations.text(node.labels)), ("resources", Declarations.text(node.resources))]
        return rows
    }

    /// Numbers stay text where text is wanted; lists are separated by commas.
    private static func read(_ text: String, as kind: ConfigKey.Kind) -> ConfigFile.Value {
        switch kind {
        case .texts: .texts(text.split(separator: ",").map { String($0.trimmingPrefix { $0 == " " }) })
        case .count: Int64(text).map(ConfigFile.Value.number) ?? .text(text)
        case .flag: Bool(text).map(ConfigFile.Value.flag) ?? .text(text)
        default: .text(text)
        }
    }

    /// A machine's name as a node's: its first part, with `-` for what cannot stand there.
    static func nodeName(from hostName: String) -> String {
        let short = hostName.prefix { $0 != "." }
        let text = String(
            short.map { $0.isASCII && ($0.isLetter || $0.isNumber || "-_".contains($0)) ? $0 : "-" }.prefix(63))
        return NodeName(text) == nil ? "this-machine" : text
    }
}
