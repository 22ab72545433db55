/// What the doctor makes of what the grid knows of a node.
package enum NodeChecks {
    package struct Known: Sendable, Hashable {
        package var name: String
        /// `local`, `agent`, `ssh`, `winrm`.
        package var link: String
        /// `online`, `suspect`, `offline`; empty: never heard of.
        package var state: String
        package var trouble = ""
        /// Milliseconds since it was last heard; nil: never.
        package var silence: Int64?
        package var roundTripMicroseconds: Int64 = 0
        package var skewMicroseconds: Int64 = 0
        package var agentVersion = ""
        package var ownVersion = ""
        /// `normal`, `elevated`, `high`; empty: nothing is known.
        package var riskLevel = ""
        package var riskReason = ""
        /// Of its newest certificate, in seconds; nil: none is known.
        package var certificateLeft: Int64?
        package var certificateLife: Int64 = 0
        /// Results that it keeps until they are taken, in bytes; nil: not to be seen from here.
        package var spoolBytes: Int64?
        /// Why its road is closed, and what opens it: of a node without an agent.
        package var roadReason = ""
        package var roadRemedy = ""

        /// It runs on the machine itself.
        var hasAgent: Bool { link == "local" || link == "agent" }

        package init(name: String, link: String, state: String) {
            self.name = name
            self.link = link
            self.state = state
        }
    }

    static let farMicroseconds: Int64 = 200_000
    static let skewMicroseconds: Int64 = 2_000_000
    static let largeSpoolBytes: Int64 = 256 << 20

    package static func known(_ node: Known) -> [Finding] {
        var found = [connection(node)]
        guard node.state == "online" else { return found }
        if let silence = node.silence {
            found.append(
                silence < 2_000
                    ? Finding(.heartbeat, node: node.name, .ok, "heard \(silence) ms ago")
                    : Finding(
                        .heartbeat, node: node.name, .warning, "silent for \(Plain.span(milliseconds: silence))",
                        try: "noizylab logs \(node.hasAgent ? "agent-\(node.name)" : "links")"))
        }
        if node.roundTripMicroseconds > 0 {
            let text = "\(Plain.tenth(Double(node.roundTripMicroseconds) / 1_000)) ms there and back"
            found.append(
                node.roundTripMicroseconds < farMicroseconds
                    ? Finding(.roundTrip, node: node.name, .ok, text)
                    : Finding(
                        .roundTrip, node: node.name, .warning, "\(text): every task waits for it",
                        try:
                            "noizylab run --type network_diagnostic -- ping COORDINATOR, on \(node.name); a cable instead of wireless"
                    ))
        }
        if node.hasAgent { found.append(skew(node)) }
        found += version(node) + risk(node) + certificate(node) + spool(node)
        return found
    }

    private static func connection(_ node: Known) -> Finding {
        switch node.state {
        case "online": return Finding(.connection, node: node.name, .ok, "online by \(node.link)")
        case "": break
        case "suspect":
            return Finding(
                .connection, node: node.name, .warning, "suspect: \(node.trouble.isEmpty ? "silent" : node.trouble)",
                try: "noizylab events --last 20")
        default:
            if node.roadReason.isEmpty, node.hasAgent {
                let silence = node.silence.map { ", silent for \(Plain.span(milliseconds: $0))" } ?? ""
                return Finding(
                    .connection, node: node.name, .failed, "offline\(silence)",
                    try: node.link == "local"
                        ? "noizylab start" : "there: noizylab start (noizylab logs, there, says why it ended)")
            }
        }
        if !node.roadReason.isEmpty {
            return Finding(.connection, node: node.name, .failed, node.roadReason, try: node.roadRemedy)
        }
        if !node.hasAgent {
            return Finding(
                .connection, node: node.name, .failed, "no connection yet", try: "noizylab logs links")
        }
        return Finding(
            .connection, node: node.name, .failed, "never heard of",
            try: "noizylab token create --name \(node.name), and what it prints, there")
    }

    private static func skew(_ node: Known) -> Finding {
        let milliseconds = Double(node.skewMicroseconds) / 1_000
        let size = Plain.tenth(abs(milliseconds))
        let text = "its clock is \(size) ms \(milliseconds < 0 ? "behind" : "before") ours"
        guard abs(node.skewMicroseconds) >= skewMicroseconds else { return Finding(.skew, node: node.name, .ok, text) }
        return Finding(
            .skew, node: node.name, .warning, "\(text): certificates and signed tasks depend on it",
            try: "there: sudo timedatectl set-ntp true (macOS: sudo systemsetup -setusingnetworktime on)")
    }

    private static func version(_ node: Known) -> [Finding] {
        guard !node.agentVersion.isEmpty else { return [] }
        guard node.agentVersion != node.ownVersion else {
            return [Finding(.version, node: node.name, .ok, "version \(node.agentVersion), as here")]
        }
        return [
            Finding(
                .version, node: node.name, .warning, "version \(node.agentVersion), and \(node.ownVersion) here",
                try: node.link == "agent"
                    ? "the newer noizylab there, then noizylab stop and noizylab start"
                    : "noizylab stop, then noizylab start")
        ]
    }

    private static func risk(_ node: Known) -> [Finding] {
        switch node.riskLevel {
        case "": []
        case "normal": [Finding(.risk, node: node.name, .ok, "nothing unusual")]
        default:
            [
                Finding(
                    .risk, node: node.name, .warning,
                    "likely to fail (\(node.riskLevel))" + (node.riskReason.isEmpty ? "" : ": \(node.riskReason)"),
                    try: "noizylab node show \(node.name); noizylab node drain \(node.name)")
            ]
        }
    }

    private static func certificate(_ node: Known) -> [Finding] {
        guard let left = node.certificateLeft else { return [] }
        let text = left <= 0 ? "has ended" : "for another \(Plain.span(milliseconds: left * 1_000))"
        guard left < node.certificateLife / 6 || left <= 0 else {
            return [Finding(.certificate, node: node.name, .ok, "its certificate is good \(text)")]
        }
        return [
            Finding(
                .certificate, node: node.name, left <= 0 ? .failed : .warning,
                left <= 0 ? "its certificate \(text)" : "its certificate is good only \(text), and is not renewed",
                try: "there: noizylab stop, then noizylab start; noizylab logs agent-\(node.name)")
        ]
    }

    private static func spool(_ node: Known) -> [Finding] {
        guard let bytes = node.spoolBytes else { return [] }
        guard bytes >= largeSpoolBytes else {
            return [Finding(.spool, node: node.name, .ok, "\(Plain.bytes(bytes)) of results kept for the coordinator")]
        }
        return [
            Finding(
                .spool, node: node.name, .warning, "\(Plain.bytes(bytes)) of results wait for the coordinator",
                try: "noizylab logs agent-\(node.name)")
        ]
    }
}
