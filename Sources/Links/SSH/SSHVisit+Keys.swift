import Executors

extension SSHVisit {
    /// The keys that a server shows to everybody; whether they are its own is for a person to say.
    package struct HostKeys: Sendable, Hashable {
        /// For a file of known hosts.
        package var lines: [String]
        /// `SHA256:… (ED25519)`, of each.
        package var fingerprints: [String]

        /// The one key with this fingerprint, which `SHA256:…` begins; nil when it is not among them. What else a server
        /// showed is nobody's word: it did not have to prove that it holds those keys.
        package func only(_ fingerprint: Substring) -> HostKeys? {
            guard let text = fingerprints.first(where: { $0.prefix { $0 != " " } == fingerprint }) else { return nil }
            let kind = text.dropFirst(fingerprint.count).filter { $0.isLetter || $0.isNumber }.lowercased()
            let lines = lines.filter { line in
                line.split(separator: " ").dropFirst().first.map {
                    $0 == "ssh-\(kind)" || $0.hasPrefix("\(kind)-sha2-")
                } ?? false
            }
            return lines.isEmpty ? nil : HostKeys(lines: lines, fingerprints: [text])
        }
    }

    /// Nil when the machine shows none, or is reached by another one.
    package func hostKeys() async -> HostKeys? {
        let report = await destination()
        guard !report.isIndirect, !report.host.isEmpty, !report.host.hasPrefix("-") else { return nil }
        let script = #"""
            k=$(ssh-keyscan -T 5 -p "$1" -- "$2" 2>/dev/null | grep -v '^#')
            printf '%s\n' "$k"; printf '%s\n' "$k" | ssh-keygen -lf -
            """#
        guard let answer = await ask("sh", ["-c", script, "sh", "\(report.port)", report.host], .seconds(8)) else {
            return nil
        }
        let keys = Self.keys(answer.stdout)
        return keys.lines.isEmpty ? nil : keys
    }

    /// Lines of three words are keys, those with a fingerprint in the second place speak of them.
    package static func keys(_ text: String) -> HostKeys {
        let lines = text.split(separator: "\n").filter { line in
            let words = line.split(separator: " ")
            return words.count == 3 && (words[1].hasPrefix("ssh-") || words[1].hasPrefix("ecdsa-sha2-"))
        }
        return HostKeys(lines: lines.map(String.init), fingerprints: fingerprints(text))
    }
}
