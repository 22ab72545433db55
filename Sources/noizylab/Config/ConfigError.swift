/// What is wrong with the configuration, where, and what to write instead.
struct ConfigError: Error, Sendable, Hashable, CustomStringConvertible {
    /// `noizylab.toml:12`, `NOIZYLAB_CLUSTER`, `--listen`; empty when nobody knows.
    let place: String
    let message: String
    let hint: String

    init(_ message: String, at place: String = "", try hint: String = "") {
        self.place = place
        self.message = message
        self.hint = hint
    }

    var description: String { place.isEmpty ? message : "\(place): \(message)" }
}

/// Where a value came from; later ones override earlier ones.
enum ConfigOrigin: Sendable, Hashable, CustomStringConvertible {
    case builtIn
    case file(path: String, line: Int?)
    case environment(String)
    case flag(String)

    var description: String {
        switch self {
        case .builtIn: "default"
        case .file(let path, let line): line.map { "\(path):\($0)" } ?? path
        case .environment(let name): "environment \(name)"
        case .flag(let name): "flag \(name)"
        }
    }
}
