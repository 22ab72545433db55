import GridModel
import NoizyClient

/// Entries of a file, an environment or flags, read as what their keys want.
struct ConfigValues {
    let entries: [String: ConfigFile.Entry]
    private(set) var shown: [GridConfig.Shown] = []

    init(entries: [String: ConfigFile.Entry]) { self.entries = entries }

    func place(_ key: String) -> String { entries[key].map { "\($0.origin)" } ?? key }

    mutating func name(_ key: String, fallback: String? = nil) throws(ConfigError) -> String {
        let text = entries[key] == nil && fallback != nil ? fallback ?? "" : try text(key)
        guard NodeName(text) != nil else {
            throw ConfigError(
                "\(key) '\(text)' is not a name", at: place(key), try: "1 to 63 letters, digits, '.', '_' or '-'")
        }
        show(key, text)
        return text
    }

    mutating func endpoint(_ key: String) throws(ConfigError) -> GridEndpoint {
        let text = try text(key)
        guard let endpoint = GridEndpoint(text) else {
            throw ConfigError(
                "\(key) '\(text)' is not HOST:PORT", at: place(key), try: "\(key) = \"\(standard(key))\"")
        }
        show(key, text)
        return endpoint
    }

    mutating func texts(_ key: String) throws(ConfigError) -> [String] {
        guard let entry = entries[key] else {
            show(key, "")
            return []
        }
        switch entry.value {
        case .texts(let texts):
            show(key, texts.joined(separator: ","))
            return texts
        case .text(let text):
            show(key, text)
            return [text]
        default:
            throw ConfigError("\(key) is a list of texts", at: place(key), try: "\(key) = [\"grid.example\"]")
        }
    }

    func flag(_ key: String) throws(ConfigError) -> Bool {
        switch entries[key]?.value {
        case nil: return standard(key) == "true"
        case .flag(let isOn): return isOn
        default: throw ConfigError("\(key) is true or false", at: place(key), try: "\(key) = true")
        }
    }

    /// Durations in milliseconds, sizes in bytes, counts, true and false as 1 and 0; only those that were given.
    mutating func numbers() throws(ConfigError) -> [String: Int64] {
        var numbers: [String: Int64] = [:]
        for key in ConfigKey.all {
            guard [.duration, .size, .count, .flag].contains(key.kind) else { continue }
            guard let entry = entries[key.path] else {
                show(key.path, key.standard)
                continue
            }
            let number: Int64? =
                switch (key.kind, entry.value) {
                case (.duration, .text(let text)): DurationText.milliseconds(text)
                case (.size, .text(let text)): SizeText.bytes(text)
                case (.count, .number(let number)) where number >= 0: number
                case (.flag, .flag(let isOn)): isOn ? 1 : 0
                default: nil
                }
            guard let number else {
                let kinds: [ConfigKey.Kind: String] = [
                    .duration: "a span of time", .size: "an amount of bytes", .flag: "true or false",
                ]
                let kind = kinds[key.kind] ?? "a whole number"
                let quote = [.count, .flag].contains(key.kind) ? "" : "\""
                throw ConfigError(
                    "\(key.path) is not \(kind)", at: place(key.path),
                    try: "\(key.path) = \(quote)\(key.standard)\(quote)")
            }
            numbers[key.path] = number
            switch entry.value {
            case .text(let text): show(key.path, text)
            case .flag(let isOn): show(key.path, "\(isOn)")
            default: show(key.path, "\(number)")
            }
        }
        return numbers
    }

    /// A text that `config show` shows.
    mutating func shownText(_ key: String) throws(ConfigError) -> String {
        let text = try text(key)
        show(key, text)
        return text
    }

    func text(_ key: String) throws(ConfigError) -> String {
        guard let entry = entries[key] else { return standard(key) }
        guard case .text(let text) = entry.value else {
            throw ConfigError("\(key) is a text", at: place(key), try: "\(key) = \"\(standard(key))\"")
        }
        return text
    }

    private func standard(_ key: String) -> String {
        (ConfigKey.all + ConfigKey.node).first { $0.path == key }?.standard ?? ""
    }

    private mutating func show(_ key: String, _ value: String) {
        shown.append(GridConfig.Shown(key: key, value: value, origin: entries[key]?.origin ?? .builtIn))
    }
}
