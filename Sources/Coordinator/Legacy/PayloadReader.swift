package import GridModel

/// Reads the `payload` of `ExecuteTask`: a JSON object, or plain text as shorthand.
///
/// | task_type | plain text | JSON object |
/// |---|---|---|
/// | `shell` | a script for `/bin/sh -c` | `script` with `interpreter` (`sh`, `bash`, ...), or `arguments` (the program and its arguments); `env`, `cwd`, `stdin` |
/// | `python` | source text | `script` (or `source`); `env`, `cwd`, `stdin` |
/// | `echo` | what comes back | `{"text": "..."}`: the text comes back; any other JSON comes back as it is |
/// | `network_diagnostic` | the host to ping | `host`, `check` (`ping`, `tcp`, `dns`, `traceroute`), `port` |
///
/// Text that begins like a JSON object (`{` and then `"` or `}`) and is none is refused for `shell`, `python` and
/// `network_diagnostic`: it was hardly meant as a script. Unknown fields are refused, so that a misspelt one is noticed.
package struct PayloadReader {
    private let payload: String
    private var violations: [Refusal.Violation] = []

    package static func read(type: String, payload: String) throws(OperationError) -> TaskPayload {
        var reader = PayloadReader(payload: payload)
        let result: TaskPayload?
        switch type {
        case "echo": result = reader.echo()
        case "shell": result = reader.command(default: .sh, scriptNames: ["script"])
        case "python": result = reader.command(default: .python, scriptNames: ["script", "source"])
        case "network_diagnostic": result = reader.network()
        default:
            let known = TaskPayload.knownTypes.joined(separator: ", ")
            throw .refused(
                Refusal(
                    .invalidArgument, reason: "UNKNOWN_TASK_TYPE",
                    message: "“\(type.prefix(80))” is not a task type; known are \(known).",
                    violations: [.init(field: "task_type", description: "must be one of \(known)")]))
        }
        guard let result, reader.violations.isEmpty else { throw .refused(.invalid(reader.violations)) }
        return result
    }

    private init(payload: String) { self.payload = payload }

    private func echo() -> TaskPayload {
        if seemsObject, case .object(let fields) = JSONValue(payload), fields.count == 1,
            case .string(let text) = fields["text"]
        {
            return .echo(text)
        }
        return .echo(payload)
    }

    private mutating func command(default fallback: Command.Interpreter, scriptNames: [String]) -> TaskPayload? {
        guard let fields = object() else {
            if payload.isEmpty { violate("payload", "is empty: give a script") }
            return .command(Command(invocation: .script(fallback, payload)))
        }
        let isShell = fallback == .sh
        var known = scriptNames + ["env", "cwd", "stdin"]
        if isShell { known += ["interpreter", "arguments"] }
        checkNames(fields, known)
        var interpreter = fallback
        if isShell, let name = text(fields, "interpreter") {
            let allowed = Command.Interpreter.allCases.filter { $0 != .python }
            if let found = allowed.first(where: { $0.rawValue == name }) {
                interpreter = found
            } else {
                violate("interpreter", "must be one of \(allowed.map(\.rawValue).joined(separator: ", "))")
            }
        }
        let script = scriptNames.compactMap { text(fields, $0) }.first
        let arguments = isShell ? texts(fields, "arguments") : nil
        let invocation: Command.Invocation
        switch (script, arguments) {
        case (let script?, nil): invocation = .script(interpreter, script)
        case (nil, let arguments?): invocation = .arguments(arguments)
        default:
            violate(scriptNames[0], isShell ? "or arguments must be given, and not both" : "must be given")
            return nil
        }
        return .command(
            Command(
                invocation: invocation, environment: environment(fields), workingDirectory: text(fields, "cwd") ?? "",
                standardInput: Array((text(fields, "stdin") ?? "").utf8)))
    }

    private mutating func network() -> TaskPayload? {
        guard let fields = object() else {
            if payload.isEmpty { violate("payload", "is empty: give {\"host\": ..., \"check\": ...}") }
            return .network(NetworkCheck(kind: .ping, host: payload))
        }
        checkNames(fields, ["host", "check", "port"])
        var kind = NetworkCheck.Kind.ping
        if let name = text(fields, "check") {
            if let found = NetworkCheck.Kind(rawValue: name) {
                kind = found
            } else {
                violate("check", "must be one of \(NetworkCheck.Kind.allCases.map(\.rawValue).joined(separator: ", "))")
            }
        }
        guard let host = text(fields, "host"), !host.isEmpty else {
            violate("host", "must be given")
            return nil
        }
        var port = 443
        switch fields["port"] {
        case nil, .null: break
        case .number(let number) where (1...65_535).contains(number) && number == number.rounded(): port = Int(number)
        default: violate("port", "must be a whole number, 1 ... 65535")
        }
        return .network(NetworkCheck(kind: kind, host: host, port: port))
    }

    /// The first two characters that are no space.
    private var seemsObject: Bool {
        let spaces: [UInt8] = [32, 9, 10, 13]
        let visible = payload.utf8.lazy.filter { !spaces.contains($0) }.prefix(2)
        return visible.first == UInt8(ascii: "{")
            && (visible.dropFirst().first == UInt8(ascii: "\"") || visible.dropFirst().first == UInt8(ascii: "}"))
    }

    /// The payload as an object; nil when it is plain text.
    private mutating func object() -> [String: JSONValue]? {
        guard seemsObject else { return nil }
        if case .object(let fields) = JSONValue(payload) { return fields }
        violate("payload", "begins like a JSON object and is none; mend it, or begin a script differently")
        return [:]
    }

    private mutating func checkNames(_ fields: [String: JSONValue], _ known: [String]) {
        for name in fields.keys.sorted() where !known.contains(name) {
            violate("payload.\(name.prefix(40))", "is not known; known are \(known.joined(separator: ", "))")
        }
    }

    private mutating func text(_ fields: [String: JSONValue], _ name: String) -> String? {
        switch fields[name] {
        case nil, .null: return nil
        case .string(let text): return text
        default:
            violate("payload.\(name)", "must be a string")
            return nil
        }
    }

    private mutating func texts(_ fields: [String: JSONValue], _ name: String) -> [String]? {
        guard let value = fields[name], value != .null else { return nil }
        guard case .array(let items) = value else {
            violate("payload.\(name)", "must be a list of strings")
            return []
        }
        return items.compactMap { item in
            if case .string(let text) = item { return text }
            violate("payload.\(name)", "must be a list of strings")
            return nil
        }
    }

    private mutating func environment(_ fields: [String: JSONValue]) -> [String: String] {
        switch fields["env"] {
        case nil, .null: return [:]
        case .object(let values):
            var environment: [String: String] = [:]
            for (name, value) in values {
                if case .string(let text) = value {
                    environment[name] = text
                } else {
                    violate("payload.env.\(name.prefix(40))", "must be a string")
                }
            }
            return environment
        default:
            violate("payload.env", "must be an object of strings")
            return [:]
        }
    }

    private mutating func violate(_ field: String, _ description: String) {
        violations.append(Refusal.Violation(field: field, description: description))
    }
}
