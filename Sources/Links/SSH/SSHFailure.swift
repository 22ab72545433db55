import Executors

/// What OpenSSH's last words mean, and what helps.
enum SSHFailure {
    static func explain(_ said: String, _ settings: SSHSettings) -> RoadFailure {
        let lines = said.split(whereSeparator: \.isNewline).map(String.init)
        let place = settings.place
        func has(_ words: String) -> Bool { said.contains(words) }
        if has("REMOTE HOST IDENTIFICATION HAS CHANGED") || has("Host key for") && has("has changed") {
            let fingerprint =
                lines.first { $0.hasPrefix("SHA256:") }.map { " (it shows \($0.trimmingEnd("."))" + ")" } ?? ""
            return RoadFailure(
                reason: "the host key of \(place) is another than the known one\(fingerprint)",
                remedy:
                    "find out why; only then: ssh-keygen -R \(knownName(settings)), and noizylab node trust \(settings.node)"
            )
        }
        if has("Host key verification failed") || has("No ED25519 host key is known") || has("host key is known for") {
            return RoadFailure(
                reason: "the host key of \(place) is not known",
                remedy: "noizylab node trust \(settings.node), which shows the fingerprint and asks")
        }
        if has("Permission denied") {
            return RoadFailure(
                reason: "\(place) does not let us in: \(lines.last { $0.contains("Permission denied") } ?? "denied")",
                remedy:
                    "ssh-copy-id\(settings.port.map { " -p \($0)" } ?? "") \(settings.destination), or key = \"FILE\" in its [[node]]"
            )
        }
        if has("Connection refused") {
            return RoadFailure(
                reason: "nothing listens for SSH at \(place)",
                remedy: "there: sudo systemctl start ssh (macOS: sudo systemsetup -setremotelogin on)")
        }
        if has("Could not resolve hostname") {
            return RoadFailure(
                reason: "the name \(settings.address) is not known", remedy: "address = \"…\" in its [[node]]")
        }
        if has("No such file or directory") && has("env:") {
            return RoadFailure(reason: "there is no ssh on this machine", remedy: "install the OpenSSH client")
        }
        let last = lines.last { !$0.isEmpty } ?? "the connection closed"
        return RoadFailure(reason: "\(place): \(last)", remedy: settings.command)
    }

    private static func knownName(_ settings: SSHSettings) -> String {
        settings.port.map { $0 == 22 ? settings.address : "'[\(settings.address)]:\($0)'" } ?? settings.address
    }
}

extension String {
    fileprivate func trimmingEnd(_ suffix: String) -> String {
        hasSuffix(suffix) ? String(dropLast(suffix.count)) : self
    }
}
