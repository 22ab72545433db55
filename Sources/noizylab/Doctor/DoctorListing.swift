import GridLogic

/// What the doctor found, for people and for programs.
struct DoctorListing {
    let report: DoctorReport

    /// A sign, the word that says the same, the check, and in the next line what to do.
    func print(to console: Console) {
        var place: String??
        for finding in report.findings {
            if place != .some(finding.node) {
                if place != nil { console.print("") }
                console.print(console.style.paint(finding.node ?? "this machine", .heading))
                place = .some(finding.node)
            }
            for line in Self.lines(finding, console.style) { console.print(line) }
        }
        console.print("")
        console.print(summary(console.style))
    }

    static func lines(_ finding: Finding, _ style: TextStyle) -> [String] {
        let check = finding.check.rawValue
        let padding = String(repeating: " ", count: max(1, 14 - check.count))
        let level = finding.level.text
        let state = "\(sign(finding.level)) \(level)" + String(repeating: " ", count: max(1, 8 - level.count))
        var lines = [
            "  " + style.paint(state, tone(finding.level)) + check + padding + TerminalText.oneLine(finding.text)
        ]
        if !finding.remedy.isEmpty {
            lines.append("  " + String(repeating: " ", count: 10) + "try: " + TerminalText.oneLine(finding.remedy))
        }
        return lines
    }

    func summary(_ style: TextStyle) -> String {
        let (failed, warnings) = (report.count(.failed), report.count(.warning))
        guard failed + warnings > 0 else {
            return style.paint("all is well: \(report.count(.ok)) checks", .good)
        }
        var parts: [String] = []
        if failed > 0 { parts.append("\(failed) failed") }
        if warnings > 0 { parts.append("\(warnings) warning\(warnings == 1 ? "" : "s")") }
        return style.paint(parts.joined(separator: ", "), failed > 0 ? .bad : .warning)
            + " of \(report.findings.count) checks"
    }

    var json: JSONValue {
        .object([
            "level": .string(report.worst.text),
            "failed": JSONValue(report.count(.failed)), "warnings": JSONValue(report.count(.warning)),
            "checks": .array(
                report.findings.map { finding in
                    .object([
                        "check": .string(finding.check.rawValue), "node": JSONValue(finding.node),
                        "level": .string(finding.level.text), "text": .string(finding.text),
                        "try": finding.remedy.isEmpty ? .null : .string(finding.remedy),
                    ])
                }),
        ])
    }

    private static func sign(_ level: Finding.Level) -> String {
        switch level {
        case .ok: "✓"
        case .skipped: "-"
        case .warning: "!"
        case .failed: "✗"
        }
    }

    private static func tone(_ level: Finding.Level) -> Tone {
        switch level {
        case .ok: .good
        case .skipped: .quiet
        case .warning: .warning
        case .failed: .bad
        }
    }
}
