/// What a found machine seems to be, and how it could be taken in.
package struct HostGuess: Sendable, Hashable {
    package enum Kind: String, Sendable, Hashable {
        /// A coordinator of a grid.
        case grid
        case linux, macos, windows, unix
        /// It takes connections, and does not say what it is.
        case unknown
        /// It is there, and none of the ports is open.
        case closed
    }

    package var kind: Kind
    /// In words, with what it is known by.
    package var words: String

    package init(_ host: FoundHost) {
        if let found = Self.grid(host) {
            (kind, words) = (.grid, found)
        } else if let wsman = host.port(.wsmanTLS) ?? host.port(.wsman), !wsman.words.isEmpty {
            kind = wsman.words.contains("Microsoft") ? .windows : .unknown
            words = kind == .windows ? "Windows (\(wsman.words))" : "WS-Management (\(wsman.words))"
        } else if let ssh = host.port(.ssh) {
            (kind, words) = Self.ssh(ssh.words)
        } else if let open = host.ports.first(where: { $0.state == .open }) {
            (kind, words) = (.unknown, "something that listens on port \(open.port)")
        } else {
            (kind, words) = (.closed, "takes no connection on a port that was looked at")
        }
    }

    private static func grid(_ host: FoundHost) -> String? {
        if let port = host.port(.grid), let grid = host.certificates[port.port]?.grid {
            return "the coordinator \(grid.name) of the grid \(grid.cluster)"
        }
        if let service = host.service { return "announced as \(service.node) of the grid \(service.cluster)" }
        return nil
    }

    /// By the words that servers put behind their version (RFC 4253 §4.2).
    private static func ssh(_ banner: String) -> (Kind, String) {
        let software = banner.hasPrefix("SSH-2.0-") ? String(banner.dropFirst(8)) : banner
        for (sign, kind, name) in [
            ("for_Windows", Kind.windows, "Windows"), ("Ubuntu", .linux, "Linux, Ubuntu"),
            ("Debian", .linux, "Linux, Debian"),
            ("Raspbian", .linux, "Linux, Raspberry Pi"), ("FreeBSD", .unix, "FreeBSD"),
            ("dropbear", .linux, "a small Linux"),
        ] where software.contains(sign) {
            return (kind, "\(name) (\(software))")
        }
        // Apple's carries no word of its own: OpenSSH and a version, and nothing else.
        if software.hasPrefix("OpenSSH_"), !software.contains(" ") {
            return (.unix, "macOS or another Unix (\(software))")
        }
        return (.unknown, software.isEmpty ? "SSH" : "SSH (\(software))")
    }
}
