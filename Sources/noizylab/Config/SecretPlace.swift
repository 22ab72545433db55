import Executors
import Foundation

/// Where a secret is to be had: `{ env = "…" }`, `{ file = "…" }` or `{ keychain = "…" }`. It is read anew whenever it is
/// needed, and never kept.
enum SecretPlace: Codable, Sendable, Hashable {
    case environment(String)
    case file(String)
    /// An entry of the system's keychain: macOS's own, or the Secret Service on Linux.
    case keychain(String)

    private static let example = "password = { env = \"HP_OMEN_PASSWORD\" }"

    /// The value of `password`; nil when it is not given.
    init?(_ values: ConfigValues) throws(ConfigError) {
        let place = values.place("password")
        switch values.entries["password"]?.value {
        case nil: return nil
        case .text:
            throw ConfigError("a password does not belong into this file", at: place, try: Self.example)
        case .table(let items):
            guard items.count == 1, let (kind, entry) = items.first, case .text(let name) = entry.value, !name.isEmpty,
                let found = Self.make(kind, name)
            else { fallthrough }
            self = found
        default:
            throw ConfigError(
                "password is one of env, file and keychain, and a text", at: place, try: Self.example)
        }
    }

    private static func make(_ kind: String, _ name: String) -> SecretPlace? {
        switch kind {
        case "env": .environment(name)
        case "file": .file((name as NSString).expandingTildeInPath)
        case "keychain": .keychain(name)
        default: nil
        }
    }

    /// - Throws: `RoadFailure`, which says what is missing and how to mend it.
    func read() async throws -> String {
        switch self {
        case .environment(let name):
            guard let value = environmentValue(name), !value.isEmpty else {
                throw RoadFailure(
                    reason: "the environment variable \(name) with its password is not set",
                    remedy: "noizylab stop; export \(name)=…; noizylab start")
            }
            return value
        case .file(let path):
            guard let text = Folders.readText(path) else {
                throw RoadFailure(
                    reason: "the file \(path) with its password cannot be read",
                    remedy: "(umask 077; cat > \(path)), then the password, Return and Ctrl-D")
            }
            let mode = (try? FileManager.default.attributesOfItem(atPath: path))?[.posixPermissions] as? Int ?? 0
            guard mode & 0o077 == 0 else {
                throw RoadFailure(
                    reason: "the file \(path) with its password is readable by others", remedy: "chmod 600 \(path)")
            }
            let password = String(text.prefix { !$0.isNewline })
            guard !password.isEmpty else {
                throw RoadFailure(
                    reason: "the file \(path) holds no password",
                    remedy: "(umask 077; cat > \(path)), then the password, Return and Ctrl-D")
            }
            return password
        case .keychain(let name):
            let question = Self.question(name)
            let answer = await ProgramOutput.read(
                question[0], Array(question.dropFirst()), environment: .ofThisProcess(), within: .seconds(10))
            guard let answer, !answer.isEmpty else {
                throw RoadFailure(
                    reason: "the keychain has no password '\(name)' for us", remedy: Self.remedy(name))
            }
            return String(answer.prefix { !$0.isNewline })
        }
    }

    #if canImport(Darwin)
        private static func question(_ name: String) -> [String] {
            ["security", "find-generic-password", "-s", name, "-w"]
        }
        private static func remedy(_ name: String) -> String {
            "security add-generic-password -s '\(name)' -a noizylab -w"
        }
    #else
        private static func question(_ name: String) -> [String] { ["secret-tool", "lookup", "service", name] }
        private static func remedy(_ name: String) -> String {
            "secret-tool store --label='\(name)' service '\(name)'"
        }
    #endif
}
