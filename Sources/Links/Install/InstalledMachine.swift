/// What `InstallScript.look` found.
package struct InstalledMachine: Sendable, Hashable {
    package enum ServiceKind: String, Sendable, Hashable {
        case systemd
        case systemdUser = "systemd-user"
        case launchd
        case none

        /// Who starts the agent there.
        package var words: String {
            switch self {
            case .systemd: "systemd"
            case .systemdUser: "systemd, for its user"
            case .launchd: "launchd"
            case .none: "hand"
            }
        }
    }

    /// `linux` or `macos`; else as `uname -s` says.
    package let system: String
    /// `x86_64` or `arm64`; else as `uname -m` says.
    package let architecture: String
    /// Whence we came, as seen there; empty when it does not say.
    package let callerAddress: String
    package let folder: String
    /// Lower-case hexadecimal digits; nil when there is no program.
    package let programSHA256: String?
    package let hasJoined: Bool
    package let isRunning: Bool
    package let service: ServiceKind

    /// Nil when what it said is not that.
    package init?(_ text: String) {
        var values: [Substring: Substring] = [:]
        for line in text.split(whereSeparator: \.isNewline) {
            guard let equals = line.firstIndex(of: "=") else { continue }
            values[line[..<equals]] = line[line.index(after: equals)...]
        }
        guard let system = values["system"], let machine = values["machine"], let folder = values["folder"] else {
            return nil
        }
        self.system = Self.systems[String(system)] ?? String(system)
        architecture = Self.architectures[String(machine)] ?? String(machine)
        self.folder = String(folder)
        callerAddress = values["from"].map(String.init) ?? ""
        programSHA256 = values["program"].flatMap { $0.utf8.count == 64 ? String($0) : nil }
        hasJoined = values["joined"] == "yes"
        isRunning = values["running"] == "yes"
        service = values["service"].flatMap { ServiceKind(rawValue: String($0)) } ?? .none
    }

    private static let systems = ["Linux": "linux", "Darwin": "macos"]
    private static let architectures = ["x86_64": "x86_64", "amd64": "x86_64", "aarch64": "arm64", "arm64": "arm64"]

    /// `linux-x86_64`: what a program must have been built for.
    package var platform: String { "\(system)-\(architecture)" }

    /// Of this machine.
    package static let ownPlatform: String = {
        #if os(Linux)
            let system = "linux"
        #else
            let system = "macos"
        #endif
        #if arch(x86_64)
            return "\(system)-x86_64"
        #else
            return "\(system)-arm64"
        #endif
    }()
}
