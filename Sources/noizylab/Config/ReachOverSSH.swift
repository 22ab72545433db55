import GridModel

/// How the machine of a `[[node]]` with `link = "ssh"` is reached, and kept so in the plan.
struct ReachOverSSH: Codable, Sendable, Hashable {
    /// Nil: as OpenSSH's own configuration says, like all that is empty.
    var port: Int?
    var user: String
    var key: String
    var knownHosts: String

    static let keys = ["port", "user", "key", "known_hosts"]

    /// Nil for other links, which know none of its keys.
    init?(_ values: inout ConfigValues, _ link: LinkKind) throws(ConfigError) {
        guard link == .ssh else {
            for key in Self.keys
            where values.entries[key] != nil && !(link == .winrm && ReachOverWinRM.keys.contains(key)) {
                throw ConfigError(
                    "\(key) says nothing to the link '\(link.rawValue)'", at: values.place(key), try: "link = \"ssh\"")
            }
            return nil
        }
        port = try values.port(or: 22)
        user = try values.text("user")
        key = try values.file("key")
        knownHosts = try values.file("known_hosts")
        let address = try values.text("address")
        guard !address.isEmpty else {
            throw ConfigError(
                "a node with link = \"ssh\" needs an address", at: values.place("link"),
                try: "address = \"192.168.1.21\", or a Host of ~/.ssh/config")
        }
        for (name, text) in [("address", address), ("user", user)]
        where text.hasPrefix("-") || text.contains(where: { $0.isWhitespace || $0 == "@" }) {
            throw ConfigError("'\(text)' is no \(name)", at: values.place(name), try: "letters, digits, '.', ':', '-'")
        }
    }
}
