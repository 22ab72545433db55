import GridModel

/// A way to a node without an agent: of the node's own keys the first, of each `[[node.road]]` another.
struct PlannedRoad: Codable, Sendable, Hashable {
    var link: String
    var address: String
    var ssh: ReachOverSSH?
    var winrm: ReachOverWinRM?

    /// As people know it: `ssh studio@192.168.1.21`.
    var name: String {
        let user = ssh?.user ?? winrm?.user ?? ""
        let port = (ssh?.port ?? winrm?.port).map { " port \($0)" } ?? ""
        return "\(link) \(user.isEmpty ? "" : "\(user)@")\(address)\(port)"
    }

    /// None of a node whose agent dials in.
    static func all(_ values: inout ConfigValues, _ link: LinkKind) throws(ConfigError) -> [PlannedRoad] {
        let further: [[String: ConfigFile.Entry]]
        switch values.entries["road"]?.value {
        case nil: further = []
        case .tables(let tables): further = tables
        default:
            throw ConfigError(
                "road is a list of ways to the node", at: values.place("road"),
                try: "[[node.road]] below the node, and address = \"…\"")
        }
        guard let first = try one(values, link) else {
            guard further.isEmpty else {
                throw ConfigError(
                    "a node with link = \"\(link.rawValue)\" has no other roads", at: values.place("road"),
                    try: "link = \"ssh\" for the node, and roads beside it")
            }
            return []
        }
        guard further.count < NodeLimits.roads else {
            throw ConfigError(
                "a node has at most \(NodeLimits.roads) roads", at: values.place("road"), try: "fewer of them")
        }
        var roads = [first]
        for table in further {
            // Of a road of another kind only the machine is the same.
            let isAlike = table["link"].map { $0.value == .text(link.rawValue) } ?? true
            let inherited = values.entries.filter {
                isAlike ? ConfigKey.road.contains($0.key) : $0.key == "address"
            }
            let own = ConfigValues(entries: inherited.merging(table) { $1 })
            let kind = try GridConfig.checkLink(own.text("link"), own.place("link"))
            guard let road = try one(own, kind) else {
                throw ConfigError(
                    "'\(kind.rawValue)' is no road to a node without an agent", at: own.place("link"),
                    try: "link = \"ssh\" or \"winrm\"")
            }
            guard !roads.contains(where: { $0.name == road.name }) else {
                throw ConfigError(
                    "two roads are the same: \(road.name)", at: own.place("address"), try: "another address")
            }
            roads.append(road)
        }
        return roads
    }

    /// Of `ssh = { … }` with `link = "agent"`.
    static func installation(_ values: ConfigValues, _ link: LinkKind) throws(ConfigError) -> PlannedRoad? {
        guard let entry = values.entries["ssh"] else { return nil }
        guard case .table(let table) = entry.value else {
            throw ConfigError(
                "ssh is a table", at: values.place("ssh"), try: "ssh = { user = \"studio\" }")
        }
        guard link == .agent else {
            throw ConfigError(
                "ssh says nothing to the link '\(link.rawValue)'", at: values.place("ssh"),
                try: link == .ssh ? "its keys in the node itself: user = \"studio\"" : "link = \"agent\"")
        }
        guard values.entries["address"] != nil else {
            throw ConfigError(
                "a node with ssh = { … } needs an address", at: values.place("ssh"),
                try: "address = \"192.168.1.21\", or a Host of ~/.ssh/config")
        }
        var entries = table
        entries["address"] = values.entries["address"]
        return try one(ConfigValues(entries: entries), .ssh)
    }

    /// Nil for links that are no roads.
    private static func one(_ values: ConfigValues, _ link: LinkKind) throws(ConfigError) -> PlannedRoad? {
        var values = values
        let (ssh, winrm) = (try ReachOverSSH(&values, link), try ReachOverWinRM(&values, link))
        guard ssh != nil || winrm != nil else { return nil }
        return PlannedRoad(link: link.rawValue, address: try values.text("address"), ssh: ssh, winrm: winrm)
    }
}
