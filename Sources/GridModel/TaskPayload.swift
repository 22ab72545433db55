/// What a task does. The type's name on the wire follows from it.
package enum TaskPayload: Sendable, Hashable {
    /// Runs a program: the types `shell` and `python`.
    case command(Command)
    /// Gives the text back: the no-op used to measure.
    case echo(String)
    /// Looks at the network from the node.
    case network(NetworkCheck)

    package static let knownTypes = ["echo", "network_diagnostic", "python", "shell"]

    package var type: String {
        switch self {
        case .command(let command): command.isPython ? "python" : "shell"
        case .echo: "echo"
        case .network: "network_diagnostic"
        }
    }
}

/// A program to run.
package struct Command: Sendable, Hashable {
    /// How the program is named.
    package enum Invocation: Sendable, Hashable {
        /// The program (looked up in PATH) and its arguments, passed as they are: no shell sees them.
        case arguments([String])
        /// Text for an interpreter that the node finds.
        case script(Interpreter, String)
    }

    /// The interpreters that existing clients name.
    package enum Interpreter: String, Sendable, Hashable, CaseIterable {
        case sh, bash, python, powershell, pwsh, cmd
    }

    package var invocation: Invocation
    /// Added to the node's own base environment, name by name.
    package var environment: [String: String]
    /// Added likewise, and never shown.
    package var secrets: [String: CommandSecret]
    /// Empty: a fresh folder of the attempt's own.
    package var workingDirectory: String
    package var standardInput: [UInt8]

    package init(
        invocation: Invocation, environment: [String: String] = [:], secrets: [String: CommandSecret] = [:],
        workingDirectory: String = "", standardInput: [UInt8] = []
    ) {
        self.invocation = invocation
        self.environment = environment
        self.secrets = secrets
        self.workingDirectory = workingDirectory
        self.standardInput = standardInput
    }

    package var isPython: Bool {
        if case .script(.python, _) = invocation { true } else { false }
    }
}

/// One look at the network.
package struct NetworkCheck: Sendable, Hashable {
    package enum Kind: String, Sendable, Hashable, CaseIterable {
        case ping, tcp, dns, traceroute
    }

    package var kind: Kind
    package var host: String
    /// 1 ... 65535; used by `tcp` alone.
    package var port: Int

    package init(kind: Kind, host: String, port: Int = 443) {
        self.kind = kind
        self.host = host
        self.port = port
    }
}

extension TaskPayload {
    /// What a caller brought with it: arguments, script, environment and standard input.
    package var byteCount: Int {
        switch self {
        case .echo(let text): return text.utf8.count
        case .network(let check): return check.host.utf8.count
        case .command(let command):
            var count = command.standardInput.count
            switch command.invocation {
            case .arguments(let arguments): for argument in arguments { count += argument.utf8.count }
            case .script(_, let text): count += text.utf8.count
            }
            for (name, value) in command.environment { count += name.utf8.count + value.utf8.count }
            for (name, value) in command.secrets { count += name.utf8.count + value.bytes.count }
            return count
        }
    }
}
