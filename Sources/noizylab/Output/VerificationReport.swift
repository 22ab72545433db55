import NoizyClient

/// What `task show --verify` found, for people and programs.
struct VerificationReport {
    private let check: ResultCheck

    init(_ check: ResultCheck) { self.check = check }

    var isVerified: Bool { check.isVerified }

    var hint: String {
        check.findings.contains { $0.isGood != false }
            ? "do not rely on it; run the task again" : "noizylab run --sign KEYFILE, for results that nodes sign"
    }

    func print(to console: Console) {
        console.print("")
        console.print(
            isVerified
                ? console.style.paint("verified", .good) + ", without believing the coordinator"
                : console.style.paint("not verified", .bad))
        for finding in check.findings {
            let (mark, tone): (String, Tone) =
                switch finding.isGood {
                case true?: ("ok ", .good)
                case false?: ("NO ", .bad)
                case nil: ("-  ", .quiet)
                }
            console.print("  " + console.style.paint(mark, tone) + TerminalText.oneLine(finding.text))
        }
    }

    var document: JSONValue {
        .object([
            "verified": .bool(isVerified),
            "findings": .array(
                check.findings.map { finding in
                    .object([
                        "holds": finding.isGood.map { .bool($0) } ?? .null, "text": .string(finding.text),
                    ])
                }),
        ])
    }
}
