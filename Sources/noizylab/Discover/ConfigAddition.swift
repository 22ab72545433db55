import GridModel

/// A machine that is to be added to a configuration file: what the file then holds, or why it must not.
///
/// The rest of the file stays as its owner wrote it. The whole is read again before it is written, so that a file that
/// was well formed stays so.
struct ConfigAddition {
    let name: String
    let address: String
    /// The lines of its `[[node]]`.
    let stanza: String

    /// - Parameters:
    ///   - text: of the file; nil: there is none yet.
    ///   - path: for messages.
    ///   - hostName: of this machine, which is the grid's when the file names no node.
    func text(addingTo text: String?, path: String, hostName: String) throws(ConfigError) -> String {
        let old = try ConfigFile(text: text ?? "", path: path)
        for (index, node) in old.nodes.enumerated() {
            let place = "\(old.nodeOrigins[index])"
            if case .text(let known) = node["name"]?.value, known == name {
                throw ConfigError("there is a node '\(name)' already", at: place, try: "another name: --name NAME")
            }
            if case .text(let known) = node["address"]?.value, known == address {
                throw ConfigError("there is a node at \(address) already", at: place, try: "noizylab config show")
            }
        }
        var new = text ?? ""
        if !new.isEmpty, !new.hasSuffix("\n") { new += "\n" }
        // A file that names no node means this machine; one that names another has to name both.
        if old.nodes.isEmpty {
            let own = GridConfig.nodeName(from: hostName)
            new += (new.isEmpty ? "" : "\n") + "[[node]]\nname = \"\(own)\"\nrole = \"primary\"\nlink = \"local\"\n"
        }
        new += "\n" + stanza
        let file = try ConfigFile(text: new, path: path)
        _ = try GridConfig(file: file, path: path, environment: { _ in nil }, flags: [:], hostName: hostName)
        guard file.nodes.count == max(old.nodes.count, 1) + 1 else {
            throw ConfigError(
                "the file ends in a way to which nothing can be added", at: path,
                try: "the lines at its end, by hand:\n\(stanza)")
        }
        return new
    }
}
