package import Executors

/// A visit to a machine's SSH server by the same client, options and keys as the road, to see how far one gets.
package struct SSHVisit: Sendable {
    /// How a visit went.
    package struct Report: Sendable, Hashable {
        /// Where the client really goes, as the user's own configuration has it.
        package var host = ""
        package var port = 22
        /// It is reached by another machine (`ProxyJump`, `ProxyCommand`): nothing can be told by its address.
        package var isIndirect = false
        /// Nil: it did not get far enough to be told.
        package var isKeyKnown: Bool?
        /// Of the keys that it shows, when they are not known: `SHA256:… (ED25519)`.
        package var fingerprints: [String] = []
        /// Why nobody is let in, and what helps; nil: it let us in.
        package var refusal: RoadFailure?

        package init() {}
    }

    private let settings: SSHSettings
    private let environment: [String: String]

    package init(settings: SSHSettings, environment: [String: String]) {
        self.settings = settings
        self.environment = environment
    }

    /// Takes as long as the server lets it wait, 12 s at most.
    package func make() async -> Report {
        var report = await destination()
        guard let answer = await ask("ssh", settings.visitArguments, .seconds(12)) else {
            report.refusal = RoadFailure(
                reason: "\(settings.destination) does not answer within 12 s", remedy: settings.command)
            return report
        }
        if answer.isSuccess {
            report.isKeyKnown = true
            return report
        }
        let failure = SSHFailure.explain(answer.stderr, settings)
        report.refusal = failure
        if failure.reason.hasSuffix("is not known"), failure.reason.hasPrefix("the host key") {
            report.isKeyKnown = false
            report.fingerprints = await fingerprints(report)
        } else if answer.stderr.contains("Permission denied") {
            report.isKeyKnown = true
        }
        return report
    }

    /// Where the client would go.
    func destination() async -> Report {
        var report = Report()
        if let text = await ask("ssh", settings.configurationArguments, .seconds(4)) {
            Self.read(text.stdout, into: &report)
        }
        return report
    }

    /// What `ssh -G` says of where it goes.
    package static func read(_ text: String, into report: inout Report) {
        for line in text.split(separator: "\n") {
            let key = line.prefix { $0 != " " }
            let value = line.dropFirst(key.count + 1)
            switch key {
            case "hostname": report.host = String(value)
            case "port": report.port = Int(value) ?? report.port
            case "proxyjump", "proxycommand": if value != "none" { report.isIndirect = true }
            default: break
            }
        }
    }

    private func fingerprints(_ report: Report) async -> [String] {
        guard !report.isIndirect, !report.host.isEmpty, !report.host.hasPrefix("-") else { return [] }
        let script = #"ssh-keyscan -T 5 -p "$1" -- "$2" 2>/dev/null | ssh-keygen -lf -"#
        guard let answer = await ask("sh", ["-c", script, "sh", "\(report.port)", report.host], .seconds(8)) else {
            return []
        }
        return Self.fingerprints(answer.stdout)
    }

    /// `256 SHA256:… host (ED25519)`, as `ssh-keygen -l` prints it; the newest kind first.
    package static func fingerprints(_ text: String) -> [String] {
        let found = text.split(separator: "\n").compactMap { line -> (kind: String, text: String)? in
            let words = line.split(separator: " ")
            guard words.count >= 4, words[1].hasPrefix("SHA256:"), let kind = words.last, kind.hasPrefix("(") else {
                return nil
            }
            return (String(kind), "\(words[1]) \(kind)")
        }
        return (found.filter { $0.kind == "(ED25519)" } + found.filter { $0.kind != "(ED25519)" }).map(\.text)
    }

    func ask(_ program: String, _ arguments: [String], _ limit: Duration) async -> ProgramAnswer? {
        await ProgramAnswer.read(
            program, arguments, environment: .ofThisProcess(), adding: environment, within: limit)
    }
}
