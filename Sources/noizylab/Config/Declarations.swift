import GridModel

/// What the owner of a machine says of it, as text: `zone=attic,gpu-box=yes`.
enum Declarations {
    /// In the order of the names; empty when there are none.
    static func text(_ values: [String: some CustomStringConvertible]) -> String {
        values.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ",")
    }
}

/// Labels and counted resources of a `[[node]]`, within `NodeLimits`.
extension ConfigValues {
    func labels(_ key: String) throws(ConfigError) -> [String: String] {
        var labels: [String: String] = [:]
        for (name, entry) in try named(key, atMost: NodeLimits.labels, example: "zone = \"attic\"") {
            guard case .text(let text) = entry.value else {
                throw ConfigError(
                    "\(key).\(name) is a text", at: "\(entry.origin)", try: hint(key, name, entry, "\"…\""))
            }
            guard NodeLimits.isLabelText(text) else {
                throw ConfigError(
                    "\(key).\(name) is too long, or has control characters", at: "\(entry.origin)",
                    try: "at most \(NodeLimits.labelBytes) bytes of text on one line")
            }
            labels[name] = text
        }
        return labels
    }

    func counts(_ key: String) throws(ConfigError) -> [String: Int64] {
        var counts: [String: Int64] = [:]
        for (name, entry) in try named(key, atMost: NodeLimits.resources, example: "licence = 1") {
            guard case .number(let count) = entry.value, NodeLimits.resourceCounts.contains(count) else {
                throw ConfigError(
                    "\(key).\(name) is not a whole number from 0 to \(NodeLimits.resourceCounts.upperBound)",
                    at: "\(entry.origin)", try: hint(key, name, entry, "1"))
            }
            counts[name] = count
        }
        return counts
    }

    /// In the order of the names, so that of several faults the same one is told.
    private func named(
        _ key: String, atMost limit: Int, example: String
    ) throws(ConfigError) -> [(key: String, value: ConfigFile.Entry)] {
        guard let entry = entries[key] else { return [] }
        guard case .table(let items) = entry.value else {
            throw ConfigError("\(key) is a table", at: place(key), try: "\(key) = { \(example) }")
        }
        guard items.count <= limit else {
            throw ConfigError(
                "\(key) has \(items.count) entries, and \(limit) is the most", at: place(key),
                try: "what tasks ask for, and no more")
        }
        let sorted = items.sorted { $0.key < $1.key }
        for (name, item) in sorted where !NodeLimits.isName(name) {
            throw ConfigError(
                "\(key): '\(name)' is not a name", at: "\(item.origin)",
                try: "1 to 63 letters, digits, '.', '_' or '-', such as \(example)")
        }
        return sorted
    }

    /// A dot makes a table of its own, unless the name is quoted.
    private func hint(_ key: String, _ name: String, _ entry: ConfigFile.Entry, _ value: String) -> String {
        if case .table(let inner) = entry.value, let rest = inner.keys.min() {
            return "with the dot in quotes: \"\(name).\(rest)\" = \(value)"
        }
        return "\(key) = { \(name) = \(value) }"
    }
}
