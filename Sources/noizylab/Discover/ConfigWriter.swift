import Executors
import Foundation

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// Writes a configuration file whole or not at all, as its owner had it: mode, and place behind a link.
enum ConfigWriter {
    static func add(_ addition: ConfigAddition, to source: ConfigSource) throws -> String {
        let (path, isThere, _) = source.path
        var old: String?
        if isThere {
            guard let bytes = Folders.read(path), let text = String(validating: bytes, as: UTF8.self) else {
                throw ConfigError("the file cannot be read as text", at: path)
            }
            old = text
        }
        let new = try addition.text(addingTo: old, path: path, hostName: ProcessInfo.processInfo.hostName)
        let target = isThere ? URL(fileURLWithPath: path).resolvingSymlinksInPath().path : path
        if !isThere, let slash = target.lastIndex(of: "/"), slash != target.startIndex {
            Folders.make(String(target[..<slash]))
        }
        let mode = (try? FileManager.default.attributesOfItem(atPath: target)[.posixPermissions] as? NSNumber)?
            .uint16Value
        let draft = "\(target).\(getpid()).tmp"
        guard Folders.replace(draft, with: Array(new.utf8)), chmod(draft, mode_t(mode ?? 0o600)) == 0,
            rename(draft, target) == 0
        else {
            let reason = systemErrorText(errno)
            unlink(draft)
            throw CommandFailure(
                .failure, "cannot write \(target): \(reason)", try: "the lines, by hand:\n\(addition.stanza)")
        }
        return path
    }
}
