import ArgumentParser
import Executors
import Foundation
import GridIdentity
import GridModel
import NoizyClient

/// What `run` and `exec` have in common: what is to be done, and how.
struct WorkOptions: ParsableArguments {
    /// Signs what is submitted, as the last thing that is done to it.
    struct RequestSigner: Sendable {
        let signer: TaskSigner
        let lifetime: Duration

        func callAsFunction(_ request: TaskRequest) throws -> TaskRequest {
            try signer.sign(request, lifetime: lifetime)
        }
    }

    @Option(help: ArgumentHelp("shell, python, echo or network_diagnostic.", valueName: "type"))
    var type = "shell"

    @Flag(help: "Let sh read the command: for pipes, variables and wildcards.")
    var shell = false

    @Option(help: ArgumentHelp("For each attempt: 30s, 10m.", valueName: "time"), transform: Arguments.limit)
    var timeout: Int64?

    @Option(
        name: .customLong("env"),
        help: ArgumentHelp("A variable for the command; as often as wanted.", valueName: "name=value"),
        transform: Arguments.variable)
    var environment: [EnvironmentVariable] = []

    @Option(
        name: .customLong("secret-env"),
        help: ArgumentHelp(
            "A variable of this command's own environment, for the task alone to see; as often as wanted.",
            valueName: "name"))
    var secretNames: [String] = []

    @Option(
        name: .customLong("secret-file"),
        help: ArgumentHelp(
            "The same, its value from a file; one line end at its end is left out.", valueName: "name=file"),
        transform: Arguments.variable)
    var secretFiles: [EnvironmentVariable] = []

    @Option(
        name: .customLong("cwd"), help: ArgumentHelp("The folder to run in (default: a fresh one).", valueName: "dir"))
    var folder: String?

    @Flag(help: "Give the command this command's standard input.")
    var stdin = false

    @Option(help: ArgumentHelp("Sign it with this key, for nodes that run nothing else.", valueName: "keyfile"))
    var sign: String?

    @Option(
        help: ArgumentHelp(
            "How long the signature is good, waiting and retries included (default: 1d; at most 7d).",
            valueName: "time"), transform: Arguments.duration)
    var signFor: Int64 = 86_400_000

    @Flag(help: "Print output to a terminal as it is, escapes and all.")
    var raw = false

    @Argument(parsing: .postTerminator, help: "After --: the program and its arguments, as they are.")
    var command: [String] = []

    static let inputLimit = 10 << 20

    func request() throws -> TaskRequest {
        var request = TaskRequest(try work())
        request.timeout = timeout.map { .milliseconds($0) }
        request.environment = Dictionary(environment.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
        request.secrets = try secrets()
        request.workingDirectory = folder ?? ""
        if stdin { request.standardInput = try Self.standardInput() }
        return request
    }

    /// Values never come from the command line: others on this machine can read that.
    private func secrets() throws -> [String: GridSecret] {
        var secrets: [String: GridSecret] = [:]
        for name in secretNames {
            guard let value = environmentValue(name) else {
                throw CommandFailure(
                    .usage, "--secret-env \(name): there is no such variable here",
                    try: "export \(name), or --secret-file \(name)=FILE")
            }
            secrets[name] = GridSecret(value)
        }
        for file in secretFiles {
            guard let bytes = Folders.read(file.value, limit: 1 << 20),
                let text = String(validating: bytes, as: UTF8.self)
            else {
                throw CommandFailure(.usage, "--secret-file \(file.name): \(file.value) cannot be read as text")
            }
            secrets[file.name] = GridSecret(text.hasSuffix("\n") ? String(text.dropLast()) : text)
        }
        guard secrets.isEmpty || type == "shell" || type == "python" else {
            throw CommandFailure(.usage, "only commands have secrets", try: "--type shell or --type python")
        }
        return secrets
    }

    /// The signer that was asked for; nil when none was. Its tasks are for the grid whose authority is trusted here.
    func signer(_ options: GridOptions) throws -> RequestSigner? {
        guard let sign else {
            return nil
        }
        let cluster = try CertificateAuthority.cluster(ofPEM: options.locator.authorityPEM())
        return RequestSigner(
            signer: try TaskSigner(keyFile: HomeFolder(flag: sign).path, cluster: cluster),
            lifetime: .milliseconds(signFor))
    }

    private func work() throws -> TaskRequest.Work {
        guard TaskPayload.knownTypes.contains(type) else {
            let nearest = NearestName.to(type, among: TaskPayload.knownTypes).map { "--type \($0)" }
            throw CommandFailure(
                .usage, "there is no task type '\(type)'",
                try: nearest ?? "--type with one of \(TaskPayload.knownTypes.joined(separator: ", "))")
        }
        if shell, type != "shell" { throw CommandFailure(.usage, "--shell goes with --type shell alone") }
        guard !command.isEmpty || type == "echo" else {
            throw CommandFailure(
                .usage, "there is nothing to run", try: "the command after --: noizylab run -- uname -a")
        }
        switch type {
        case "python": return .script(interpreter: "python", command.joined(separator: "\n"))
        case "echo": return .echo(command.joined(separator: " "))
        case "network_diagnostic": return try check()
        default: return shell ? .script(interpreter: "sh", command.joined(separator: " ")) : .command(command)
        }
    }

    private func check() throws -> TaskRequest.Work {
        let known = NetworkCheck.Kind.allCases.map(\.rawValue)
        guard (2...3).contains(command.count), known.contains(command[0]),
            let port = command.count == 3 ? Int(command[2]) : 443, (1...65_535).contains(port)
        else {
            throw CommandFailure(
                .usage, "a network diagnostic is CHECK HOST [PORT], where CHECK is \(known.joined(separator: ", "))",
                try: "noizylab run --type network_diagnostic -- tcp example.org 443")
        }
        return .network(check: command[0], host: command[1], port: port)
    }

    private static func standardInput() throws -> [UInt8] {
        var bytes: [UInt8] = []
        while let piece = try FileHandle.standardInput.read(upToCount: 1 << 20), !piece.isEmpty {
            bytes += piece
            guard bytes.count <= inputLimit else {
                throw CommandFailure(
                    .usage, "standard input has more than \(TimeText.bytes(Int64(inputLimit)))",
                    try: "a file that the node can read, or a download in the command")
            }
        }
        return bytes
    }
}
