/// Answers `diagnose_issue` from what is known of a failure, by a short list of rules. The first that applies answers.
///
/// Reads from the context: `exit_code`, `signal`, `state` (a task's), `error`, `stderr` or `output`. Confidence is how
/// often the rule is right in our experience of such failures, not a measurement: 0.9 where the system itself says what
/// happened, 0.6 where a code has one usual cause, 0.1 when no rule applies.
package struct IssueDiagnosis: Sendable {
    package var finding: String
    package var advice: String
    package var confidence: Float

    package init(context: [String: String]) {
        let text = [context["error"], context["stderr"], context["output"]].compactMap { $0 }.joined(separator: "\n")
            .lowercased()
        let found =
            Self.byState(context["state"] ?? context["end"] ?? "")
            ?? Self.byText(text)
            ?? Self.bySignal(context["signal"].flatMap { Int($0) })
            ?? Self.byExitCode(context["exit_code"].flatMap { Int($0) })
        self = found ?? Self("unknown", "No rule applies: give exit_code, signal, state or stderr in the context.", 0.1)
    }

    private init(_ finding: String, _ advice: String, _ confidence: Float) {
        self.finding = finding
        self.advice = advice
        self.confidence = confidence
    }

    private static func byState(_ state: String) -> IssueDiagnosis? {
        switch state {
        case "timed_out": Self("timed out", "Give it a longer time-out, or find what it waits for.", 0.9)
        case "lost": Self("node lost", "Its node went away: look at the node's events, and run it elsewhere.", 0.9)
        case "cancelled": Self("cancelled", "Somebody cancelled it: see the task's events.", 0.9)
        case "refused": Self("not started", "The node could not start it: its error says why.", 0.8)
        default: nil
        }
    }

    private static func byText(_ text: String) -> IssueDiagnosis? {
        let rules: [(needle: String, finding: String, advice: String)] = [
            ("no space left on device", "disk full", "Free space on the node, or choose one with more."),
            ("cannot allocate memory", "out of memory", "Ask for more memory, or choose a node with more."),
            ("out of memory", "out of memory", "Ask for more memory, or choose a node with more."),
            ("memoryerror", "out of memory", "Ask for more memory, or choose a node with more."),
            ("no module named", "Python module missing", "Install the module on the node."),
            ("command not found", "program missing", "Install the program on the node, or correct its name."),
            ("permission denied", "permission denied", "Check the rights of the file and of the agent's user."),
            ("connection refused", "connection refused", "Check that the service listens, and the port."),
            ("name or service not known", "name not found", "Check the host's name and the node's DNS."),
            ("could not resolve", "name not found", "Check the host's name and the node's DNS."),
            ("no such file or directory", "file missing", "Check the path on the node."),
            ("timed out", "timed out", "Find what did not answer, or wait longer."),
        ]
        return rules.first { text.contains($0.needle) }.map { Self($0.finding, $0.advice, 0.8) }
    }

    private static func bySignal(_ signal: Int?) -> IssueDiagnosis? {
        switch signal {
        case 9: Self("killed", "Often the system's answer to too little memory: see the node's kernel log.", 0.6)
        case 11: Self("memory fault", "The program touched memory that is not its own: a bug in it.", 0.9)
        case 6: Self("aborted", "The program gave up by itself: its last lines say why.", 0.8)
        case 15: Self("terminated", "Something asked it to end: a cancel, a time-out or a shutdown.", 0.6)
        case 2: Self("interrupted", "Somebody interrupted it.", 0.8)
        default: nil
        }
    }

    private static func byExitCode(_ code: Int?) -> IssueDiagnosis? {
        guard let code else { return nil }
        switch code {
        case 0: return Self("no failure", "It succeeded.", 0.9)
        case 2: return Self("wrong use", "Most programs say so of arguments they do not understand.", 0.4)
        case 124: return Self("timed out", "As `timeout` reports it.", 0.6)
        case 126: return Self("not executable", "Check the file's rights and its first line.", 0.9)
        case 127: return Self("program missing", "Install the program on the node, or correct its name.", 0.9)
        case 129...159:
            return bySignal(code - 128) ?? Self("ended by signal \(code - 128)", "As a shell tells it.", 0.6)
        default: return Self("the program failed", "Exit code \(code) is the program's own: see its output.", 0.3)
        }
    }
}
