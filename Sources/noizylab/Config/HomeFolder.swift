import Executors
import Foundation

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// NOIZYLAB_HOME: where everything of a grid on this machine lies, for its owner alone.
struct HomeFolder: Sendable, Hashable {
    let path: String

    init(path: String) { self.path = path }

    /// `--home`, else `$NOIZYLAB_HOME`, else `~/.noizylab`; always absolute, because processes outlive folders.
    init(flag: String?) {
        let named = flag ?? environmentValue("NOIZYLAB_HOME").flatMap { $0.isEmpty ? nil : $0 }
        let text = named ?? NSHomeDirectory() + "/.noizylab"
        var path = URL(fileURLWithPath: (text as NSString).expandingTildeInPath).standardizedFileURL.path
        while path.count > 1, path.last == "/" { path.removeLast() }
        self.path = path
    }

    var config: String { "\(path)/config.toml" }
    var run: String { "\(path)/run" }
    var log: String { "\(path)/log" }
    var gridRecord: String { "\(run)/grid.json" }
    /// The ports of a lab, which it keeps.
    var labRecord: String { "\(path)/lab.json" }
    /// The coordinator that this machine has joined.
    var joinRecord: String { "\(path)/joined.json" }
    /// Whose signed tasks the nodes of this machine take.
    var trustedSigners: String { "\(path)/trusted_signers" }
    /// The host keys of machines over SSH that `noizylab node trust` believed.
    var knownHosts: String { "\(path)/known_hosts" }
    var operatorFolder: String { "\(path)/pki/operator" }
    var authorityFolder: String { "\(path)/pki/ca" }

    func node(_ name: String) -> String { "\(path)/nodes/\(name)" }
    /// Programs for machines of other kinds, as `noizylab-macos-arm64`.
    var programs: String { "\(path)/programs" }
    /// Written when an agent was removed from a machine: it is not put there again before the next start.
    func removal(_ node: String) -> String { "\(run)/removed-\(node)" }
    func road(_ node: String) -> String { "\(run)/road-\(node).state" }
    func record(_ part: GridPart) -> String { "\(run)/\(part).json" }
    func lock(_ part: GridPart) -> String { "\(run)/\(part).lock" }
    func logFile(_ part: GridPart) -> String { "\(log)/\(part).log" }

    /// Makes it and what every process needs of it. A home that others may enter is closed to them.
    func make() throws {
        for folder in [path, run, log] where !Folders.make(folder) {
            throw CommandFailure(
                .failure, "cannot make \(folder): \(systemErrorText(errno))",
                try: "another folder: noizylab --home DIR, or NOIZYLAB_HOME")
        }
        chmod(path, 0o700)
    }
}
