import Executors
import Foundation

/// Finds and reads the configuration: `--config`, else `$NOIZYLAB_CONFIG`, else `./noizylab.toml`, else `config.toml` in
/// NOIZYLAB_HOME, else nothing.
struct ConfigSource {
    let home: HomeFolder
    let flag: String?

    /// Where it would be read from, and whether it is there; first found, first taken.
    var path: (path: String, isThere: Bool, isExplicit: Bool) {
        if let flag { return (flag, exists(flag), true) }
        if let named = environmentValue("NOIZYLAB_CONFIG"), !named.isEmpty { return (named, exists(named), true) }
        let local = "noizylab.toml"
        if exists(local) { return (local, true, false) }
        return (home.config, exists(home.config), false)
    }

    func read(flags: [String: (flag: String, value: String)] = [:]) throws -> GridConfig {
        let (path, isThere, isExplicit) = path
        guard isThere || !isExplicit else {
            throw ConfigError(
                "there is no such file", at: path, try: "noizylab config path, for where it is looked for")
        }
        var file: ConfigFile?
        if isThere {
            guard let bytes = Folders.read(path), let text = String(validating: bytes, as: UTF8.self) else {
                throw ConfigError("the file cannot be read as text", at: path)
            }
            file = try ConfigFile(text: text, path: path)
        }
        EnvironmentNames.warn()
        return try GridConfig(
            file: file, path: isThere ? path : nil, environment: environmentValue, flags: flags,
            hostName: ProcessInfo.processInfo.hostName)
    }

    private func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }
}
