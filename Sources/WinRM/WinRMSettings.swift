/// How to reach one Windows host: the node's stanza with `link = "winrm"`.
package struct WinRMSettings: Sendable {
    package enum Authentication: Sendable, Hashable {
        /// NTLMv2; over http every message is sealed.
        case ntlm
        /// The password itself, in every request: over https alone.
        case basic
        /// A certificate that the host maps to a local account, with its key, as files in PEM: over https alone.
        case certificate(file: String, key: String)
    }

    /// By what the host's certificate is known. There is no way to switch the check off.
    package enum Trust: Sendable, Hashable {
        /// SHA-256 of the certificate, 32 bytes: what fits a self-signed one.
        case pin([UInt8])
        /// A file of authorities, in PEM. The certificate must name the host.
        case authorities(file: String)
        /// The authorities of this machine.
        case system
    }

    package var host: String
    /// 5986 for https, 5985 for http.
    package var port: Int
    package var isSecure: Bool
    /// `DOMAIN\user`, `user@realm`, or a local user.
    package var user: String
    package var password: WinRMPassword
    package var authentication: Authentication
    package var trust: Trust
    /// How long connecting may take, with TLS.
    package var connectSeconds: Int64 = 10
    /// How long a question for output may stay open when there is none.
    package var receiveSeconds = 20
    /// How long the host may take to answer, beyond what a request itself allows.
    package var answerSeconds: Int64 = 10

    package init(
        host: String, port: Int? = nil, isSecure: Bool = true, user: String, password: WinRMPassword,
        authentication: Authentication = .ntlm, trust: Trust = .system
    ) {
        self.host = host
        self.port = port ?? (isSecure ? 5_986 : 5_985)
        self.isSecure = isSecure
        self.user = user
        self.password = password
        self.authentication = authentication
        self.trust = trust
    }

    package var endpoint: String {
        "\(isSecure ? "https" : "http")://\(host.contains(":") ? "[\(host)]" : host):\(port)/wsman"
    }

    /// - Throws: `configuration` for what must not be done.
    package func check() throws(WinRMError) {
        if case .certificate = authentication, !isSecure {
            throw WinRMError(
                .configuration, "a certificate as a log-on needs https: leave https = false out for \(host)")
        }
        if authentication == .basic, !isSecure {
            throw WinRMError(
                .configuration,
                "basic would send the password of \(user) in the open to \(host): use https, or auth = \"ntlm\"")
        }
        if case .pin(let bytes) = trust, bytes.count != 32 {
            throw WinRMError(.configuration, "the pin of \(host) is no SHA-256: 64 hexadecimal digits are wanted")
        }
    }
}

/// A password. It prints as `***`, also in a dump.
package struct WinRMPassword: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    let text: String

    package init(_ text: String) { self.text = text }

    package var description: String { "***" }
    package var debugDescription: String { "***" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
