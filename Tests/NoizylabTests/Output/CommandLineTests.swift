import ArgumentParser
import GridIdentity
import NoizyClient
import Testing

@testable import noizylab

/// The command line as people meet it: help, errors, exit codes.
struct CommandLineTests {
    static let commands: [any ParsableCommand.Type] = {
        func all(_ command: any ParsableCommand.Type) -> [any ParsableCommand.Type] {
            [command] + command.configuration.subcommands.flatMap(all)
        }
        return all(RootCommand.self).filter {
            $0.configuration.shouldDisplay && $0 != BenchCommand.self
                && !BenchCommand.configuration.subcommands.map(ObjectIdentifier.init).contains(ObjectIdentifier($0))
        }
    }()

    @Test(arguments: commands.indices)
    func `help begins with examples that are whole`(index: Int) {
        let command = Self.commands[index]
        let lines = HelpText.examplesFirst(RootCommand.helpMessage(for: command, columns: 80)).split(separator: "\n")
        let examples = lines.dropFirst().prefix { $0.hasPrefix("  ") }

        #expect(lines.first == "EXAMPLES:", "\(command): \(lines.prefix(3))")
        #expect(!examples.isEmpty)
        for example in examples { #expect(example.hasPrefix("  noizylab "), "\(example)") }
    }

    @Test(arguments: [
        (["run", "--on", "Mac-Pro", "--", "uname", "-a"], true), (["start", "--lab", "5"], true),
        (["start", "--lab"], true), (["start", "5"], false), (["start", "--lab", "0"], false),
        (["exec", "--all", "--", "ls"], true), (["exec", "a,b", "--", "ls", "--all"], true),
        (["exec", "a", "--all", "--", "ls"], false), (["exec"], false), (["task", "list", "--state", "runing"], false),
        (["teleport"], false), (["run", "--timeout", "soon", "--", "true"], false),
        (["events", "--last", "-3"], false),
        (["predict", "--input", "a.csv", "--output", "b.csv", "-o", "json"], true),
        (["predict", "--input", "a.csv"], false),
        (["join", "a:1", "--token", "t", "--label", "zone=attic", "--label", "note=a=b", "--resource", "l.x=0"], true),
        (["join", "a:1", "--token", "t", "--label", "zone"], false),
        (["join", "a:1", "--token", "t", "--label", "two words=x"], false),
        (["join", "a:1", "--token", "t", "--label", "a=one\ntwo"], false),
        (["join", "a:1", "--token", "t", "--resource", "licence=-1"], false),
        (["join", "a:1", "--token", "t", "--resource", "licence=1000001"], false),
        (["run", "--timeout", "0s", "--", "true"], false), (["run", "--queue-timeout", "0ms", "--", "true"], false),
        (["run", "--priority=-5", "--", "true"], true), (["run", "--priority", "-5", "--", "true"], false),
        (["run", "--env", "=x", "--", "true"], false), (["cert", "issue", "a", "--role", "root", "--out", "x"], false),
    ])
    func `a command line is read, or refused`(arguments: [String], isGood: Bool) {
        let result = Result { try RootCommand.parseAsRoot(arguments) }
        switch result {
        case .success: #expect(isGood)
        case .failure(let error):
            #expect(!isGood, "\(RootCommand.fullMessage(for: error))")
            #expect(RootCommand.exitCode(for: error) == .validationFailure)
            let failure = UsageMessage.failure(for: error)
            #expect(failure.code == 2)
            #expect(!failure.message.isEmpty)
            #expect(failure.hint.hasPrefix("noizylab"), "\(failure.hint)")
        }
    }

    @Test(arguments: [
        (GridError.Code.invalidArgument, Int32(2)), (.notFound, 4), (.alreadyExists, 2), (.failedPrecondition, 1),
        (.denied, 5), (.exhausted, 1), (.unavailable, 4), (.timedOut, 6), (.unimplemented, 7), (.untrusted, 5),
        (.cancelled, 130), (.failed, 1),
    ])
    func `what the grid refuses has its exit code`(code: GridError.Code, status: Int32) {
        #expect(CommandFailure(GridError(code, "no")).code == status)
    }

    @Test(arguments: [
        (["teleport"], "noizylab --help"), (["stauts"], "noizylab status"), (["task", "lst"], "noizylab task list"),
        (["node", "drian", "x"], "noizylab node drain"),
    ])
    func `a command that is not there suggests one that is`(arguments: [String], hint: String) {
        let failure = UsageMessage.unknownCommand(in: arguments)
        #expect(failure?.hint == hint)
        #expect(failure?.code == 2)
    }

    @Test(arguments: [["status", "x"], ["--bad"], ["task", "list", "x"], ["help", "x"], []])
    func `a command that is there is no suggestion's matter`(arguments: [String]) {
        #expect(UsageMessage.unknownCommand(in: arguments)?.message == nil)
    }

    @Test func `errors from below keep their words`() {
        #expect(CommandFailure(ConfigError("bad", at: "x.toml:3", try: "good")).message == "x.toml:3: bad")
        #expect(CommandFailure(ConfigError("bad")).code == 2)
        #expect(CommandFailure(CancellationError()).code == 130)
        #expect(CommandFailure(IdentityError(.file, "no key")).message == "no key")
    }

    @Test func `examples are moved to the top and nothing is lost`() {
        let help = "OVERVIEW: What.\n\nEXAMPLES:\n  noizylab x\n  noizylab y\n\nMore.\n\nUSAGE: x\n"
        #expect(
            HelpText.examplesFirst(help)
                == "EXAMPLES:\n  noizylab x\n  noizylab y\n\nOVERVIEW: What.\n\nMore.\n\nUSAGE: x\n")
        #expect(HelpText.examplesFirst("USAGE: x") == "USAGE: x")
    }

    @Test(arguments: [
        ("localhost:50051", GridEndpoint(host: "localhost", port: 50_051)),
        ("[::1]:80", GridEndpoint(host: "::1", port: 80)),
        ("10.0.0.1:0", GridEndpoint(host: "10.0.0.1", port: 0)),
    ])
    func `an endpoint is read`(text: String, endpoint: GridEndpoint) {
        #expect(GridEndpoint(text) == endpoint)
        #expect(GridEndpoint("\(endpoint)") == endpoint)
    }

    @Test(arguments: ["", "host", ":80", "host:", "host:99999", "::1:80", "http://x:80", "a b:80", "host:-1"])
    func `what is no endpoint is refused`(text: String) {
        #expect(GridEndpoint(text) == nil)
    }
}
