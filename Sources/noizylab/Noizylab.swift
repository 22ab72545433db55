import ArgumentParser
import Executors
import Foundation

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// The one program of the grid: its command line, and the processes behind it.
@main
enum Noizylab {
    static func main() async {
        signal(SIGPIPE, SIG_IGN)
        ProcessMemory.keepFreedBuffers()
        do {
            try Arguments.checkEncoding()
            var command = try RootCommand.parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch {
            exit(report(error))
        }
    }

    /// Says once what is to be said, and gives the exit code.
    private static func report(_ error: any Error) -> Int32 {
        let code = RootCommand.exitCode(for: error)
        if code == .success {
            // Help, the version, or a completion script.
            Console.stdout.print(HelpText.examplesFirst(RootCommand.fullMessage(for: error)))
            return 0
        }
        let failure =
            isUsage(code)
            ? UsageMessage.failure(for: error, arguments: Array(CommandLine.arguments.dropFirst()))
            : CommandFailure(error)
        ErrorPrinter.print(failure)
        return failure.code
    }

    /// The parser's own code for what was typed wrong.
    private static func isUsage(_ code: ArgumentParser.ExitCode) -> Bool { code == .validationFailure }
}

/// `noizylab`: what it can do.
struct RootCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "noizylab",
        abstract: "A handful of unlike machines that behave as one.",
        discussion: HelpText.heading + "\n" + """
              noizylab start --lab
              noizylab run -- uname -a
              noizylab run --on Mac-Pro -- sh -c 'echo hello from $NOIZYLAB_NODE'
              noizylab exec --all -- hostname
              noizylab status
            """,
        version: "noizylab \(Version.text)",
        groupedSubcommands: [
            CommandGroup(
                name: "Grid",
                subcommands: [
                    StartCommand.self, StatusCommand.self, StopCommand.self, LogsCommand.self, EventsCommand.self,
                    DoctorCommand.self,
                ]),
            CommandGroup(name: "Work", subcommands: [RunCommand.self, ExecCommand.self, TaskCommand.self]),
            CommandGroup(
                name: "Machine",
                subcommands: [
                    NodeCommand.self, DiscoverCommand.self, TokenCommand.self, JoinCommand.self, CertCommand.self,
                    KeyCommand.self,
                    SignerCommand.self, AuditCommand.self,
                ]),
            CommandGroup(
                name: "Measuring", subcommands: [BenchCommand.self, SimulateCommand.self, PredictCommand.self]),
            CommandGroup(
                name: "Program", subcommands: [ConfigCommand.self, CompletionsCommand.self, VersionCommand.self]),
            CommandGroup(
                name: "Inside",
                subcommands: [SuperviseCommand.self, CoordinatorCommand.self, AgentCommand.self, LinksCommand.self]),
        ])
}

/// Of this build.
enum Version {
    static let text = "0.1.0"
}
