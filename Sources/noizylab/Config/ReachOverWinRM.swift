import Foundation
import GridModel
import WinRM

/// How the Windows host of a `[[node]]` with `link = "winrm"` is reached, and kept so in the plan: without its secrets.
struct ReachOverWinRM: Codable, Sendable, Hashable {
    /// Nil: 5986 for https, 5985 for http.
    var port: Int?
    var user: String
    /// Nil for a certificate as log-on.
    var password: SecretPlace?
    var isSecure: Bool
    /// SHA-256 of the host's certificate in hexadecimal; empty: an authority's word is taken.
    var pin: String
    /// A file of authorities; empty: this machine's own.
    var authorities: String
    /// Of a certificate as log-on.
    var clientCertificate: String
    var clientKey: String
    var isBasic: Bool

    static let keys = [
        "port", "user", "key", "password", "https", "certificate", "ca", "auth", "client_certificate",
    ]

    /// Nil for other links, which know none of its keys but those that they have themselves.
    init?(_ values: inout ConfigValues, _ link: LinkKind) throws(ConfigError) {
        guard link == .winrm else {
            for key in Self.keys where values.entries[key] != nil && !(link == .ssh && ReachOverSSH.keys.contains(key))
            {
                throw ConfigError(
                    "\(key) says nothing to the link '\(link.rawValue)'", at: values.place(key), try: "link = \"winrm\""
                )
            }
            return nil
        }
        port = try values.port(or: 5_986)
        user = try values.text("user")
        isSecure = try values.flag("https")
        authorities = try values.file("ca")
        pin = try Self.pin(values)
        guard pin.isEmpty || authorities.isEmpty else {
            throw ConfigError(
                "certificate and ca exclude each other", at: values.place("ca"),
                try: "one of them: certificate is exact")
        }
        let auth = try values.text("auth")
        isBasic = auth == "basic"
        clientCertificate = try values.file("client_certificate")
        clientKey = try values.file("key")
        password = try SecretPlace(values)
        let address = try values.text("address")
        guard !address.isEmpty, !address.contains(where: \.isWhitespace) else {
            throw ConfigError(
                "a node with link = \"winrm\" needs an address", at: values.place("link"),
                try: "address = \"192.168.1.40\"")
        }
        try check(auth, values)
    }

    private func check(_ auth: String, _ values: ConfigValues) throws(ConfigError) {
        guard ["ntlm", "basic", "certificate"].contains(auth) else {
            let isCredSSP = auth.lowercased() == "credssp"
            throw ConfigError(
                isCredSSP ? "auth 'credssp' would give the host the password itself" : "auth '\(auth)' is not known",
                at: values.place("auth"), try: "auth = \"ntlm\", \"basic\" or \"certificate\"")
        }
        guard auth != "certificate" else {
            guard !clientCertificate.isEmpty, !clientKey.isEmpty, isSecure else {
                throw ConfigError(
                    "auth = \"certificate\" needs https, client_certificate and key", at: values.place("auth"),
                    try: "client_certificate = \"/…/client.pem\" and key = \"/…/client.key\"")
            }
            guard password == nil else {
                throw ConfigError(
                    "auth = \"certificate\" takes no password", at: values.place("password"), try: "leave it out")
            }
            return
        }
        guard !user.isEmpty, password != nil else {
            throw ConfigError(
                "a node with link = \"winrm\" needs \(user.isEmpty ? "a user" : "a password")",
                at: values.place("link"),
                try: user.isEmpty ? "user = \"admin\"" : "password = { env = \"HP_OMEN_PASSWORD\" }")
        }
        guard isSecure || !isBasic else {
            throw ConfigError(
                "auth = \"basic\" over http would send the password in the open", at: values.place("auth"),
                try: "auth = \"ntlm\", or https")
        }
    }

    private static func pin(_ values: ConfigValues) throws(ConfigError) -> String {
        let text = try values.text("certificate")
        guard !text.isEmpty else { return "" }
        let digits = (text.hasPrefix("sha256:") ? text.dropFirst(7) : text[...]).lowercased()
            .filter { $0 != ":" && $0 != " " }
        guard Hexadecimal.decode(digits)?.count == 32 else {
            throw ConfigError(
                "certificate is no SHA-256 fingerprint", at: values.place("certificate"),
                try: "certificate = \"sha256:…\" with 64 hexadecimal digits")
        }
        return digits
    }

    /// - Throws: `RoadFailure`, when the password cannot be had.
    func settings(address: String) async throws -> WinRMSettings {
        let authentication: WinRMSettings.Authentication =
            isBasic
            ? .basic
            : clientCertificate.isEmpty || password != nil
                ? .ntlm : .certificate(file: clientCertificate, key: clientKey)
        let trust: WinRMSettings.Trust =
            Hexadecimal.decode(pin).flatMap { $0.isEmpty ? nil : .pin($0) }
            ?? (authorities.isEmpty ? .system : .authorities(file: authorities))
        return WinRMSettings(
            host: address, port: port, isSecure: isSecure, user: user,
            password: WinRMPassword(try await password?.read() ?? ""), authentication: authentication, trust: trust)
    }
}

extension ConfigValues {
    func port(or usual: Int) throws(ConfigError) -> Int? {
        switch entries["port"]?.value {
        case nil: return nil
        case .number(let number) where (1...65_535).contains(number): return Int(number)
        default: throw ConfigError("this is no port", at: place("port"), try: "port = \(usual)")
        }
    }

    /// The whole path of a file that is there; empty when the key is not given.
    func file(_ key: String) throws(ConfigError) -> String {
        let path = (try text(key) as NSString).expandingTildeInPath
        guard path.isEmpty || path.hasPrefix("/") else {
            throw ConfigError("\(key) '\(path)' is not a whole path", at: place(key), try: "/… or ~/…")
        }
        guard path.isEmpty || FileManager.default.fileExists(atPath: path) else {
            throw ConfigError("there is no file \(path)", at: place(key), try: "the path of a file that is there")
        }
        return path
    }
}
