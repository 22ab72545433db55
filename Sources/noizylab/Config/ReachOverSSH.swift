import Foundation
import GridModel

/// How the machine of a `[[node]]` with `link = "ssh"` is reached, and kept so in the plan.
struct ReachOverSSH: Codable, Sendable, Hashable {
    /// Nil: as OpenSSH's own configuration says, like all that is empty.
    var port: Int?
    var user: String
    var key: String
    var knownHosts: String

    private static let keys = ["port", "user", "key", "known_hosts"]

    /// Nil for other links, which know none of its keys.
    init?(_ values: inout ConfigValues, _ link: LinkKind) throws(ConfigError) {
        guard link == .ssh else {
            for key in Self.keys where values.entries[key] != nil {
                throw ConfigError(
                    "\(key) says nothing to the link '\(link.rawValue)'", at: values.place(key), try: "link = \"ssh\"")
            }
            return nil
        }
        switch values.entries["port"]?.value {
        case nil: port = nil
        case .number(let number) where (1...65_535).contains(number): port = Int(number)
        default: throw ConfigError("this is no port", at: values.place("port"), try: "port = 22")
        }
        user = try values.text("user")
        key = try Self.file("key", &values)
        knownHosts = try Self.file("known_hosts", &values)
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

    private static func file(_ key: String, _ values: inout ConfigValues) throws(ConfigError) -> String {
        let path = (try values.text(key) as NSString).expandingTildeInPath
        guard path.isEmpty || path.hasPrefix("/") else {
            throw ConfigError("\(key) '\(path)' is not a whole path", at: values.place(key), try: "/… or ~/…")
        }
        guard path.isEmpty || FileManager.default.fileExists(atPath: path) else {
            throw ConfigError(
                "there is no file \(path)", at: values.place(key), try: "the path of a file that is there")
        }
        return path
    }
}
