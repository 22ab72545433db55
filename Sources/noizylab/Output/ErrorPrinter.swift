import ArgumentParser
import GridModel

/// Two lines on standard error: what went wrong, and what to try.
enum ErrorPrinter {
    static func print(_ failure: CommandFailure, to console: Console = .stderr) {
        guard !failure.message.isEmpty else { return }
        // Messages may quote what others sent; several lines are our own doing.
        let lines = failure.message.split(separator: "\n").map { TerminalText.oneLine(String($0)) }
        console.print(console.style.paint("error:", .bad) + " " + lines.joined(separator: "\n"))
        if !failure.hint.isEmpty {
            console.print(console.style.paint("try:", .heading) + " " + TerminalText.oneLine(failure.hint))
        }
    }
}

/// What the argument parser says of a wrong command line, in our form.
enum UsageMessage {
    static func failure(for error: any Error, arguments: [String] = []) -> CommandFailure {
        if let unknown = unknownCommand(in: arguments) { return unknown }
        if let negative = negativeValue(in: arguments, RootCommand.message(for: error)) { return negative }
        let message = RootCommand.message(for: error)
        let full = RootCommand.fullMessage(for: error)
        return CommandFailure(.usage, firstLetterLowered(message), try: hint(in: full))
    }

    /// The first word, and after a command of commands the second, must be one; nil when they are.
    static func unknownCommand(in arguments: [String]) -> CommandFailure? {
        var command: any ParsableCommand.Type = RootCommand.self
        var path = "noizylab"
        for argument in arguments {
            let known =
                command.configuration.subcommands + command.configuration.groupedSubcommands.flatMap(\.subcommands)
            guard !known.isEmpty, !argument.hasPrefix("-"), argument != "help" else { return nil }
            guard let next = known.first(where: { $0._commandName == argument }) else {
                let shown = known.filter { $0.configuration.shouldDisplay }.map { $0._commandName }
                return CommandFailure(
                    .usage, "there is no command '\(path) \(argument)'",
                    try: NearestName.to(argument, among: shown).map { "\(path) \($0)" } ?? "\(path) --help")
            }
            command = next
            path += " \(argument)"
        }
        return nil
    }

    /// The parser takes a value that begins with a dash for another option. Nil when that is not what is wrong.
    static func negativeValue(in arguments: [String], _ message: String) -> CommandFailure? {
        guard message.contains("issing value for '-") else { return nil }
        for (option, value) in zip(arguments.prefix { $0 != "--" }, arguments.dropFirst()) {
            guard option.hasPrefix("--"), value.first == "-", value.dropFirst().first?.isNumber == true,
                message.contains("'\(option) ") || message.contains("'\(option)'")
            else { continue }
            return CommandFailure(
                .usage, "\(option) \(value): a value that begins with a dash is joined to its option",
                try: "\(option)=\(value)")
        }
        return nil
    }

    /// From “See 'noizylab run --help' for more information.”
    static func hint(in text: String) -> String {
        guard let start = text.firstRange(of: "See '")?.upperBound,
            let end = text[start...].firstIndex(of: "'")
        else { return "noizylab --help" }
        return String(text[start..<end])
    }

    private static func firstLetterLowered(_ text: String) -> String {
        let line = text.split(separator: "\n").joined(separator: " ")
        guard let first = line.first, line.dropFirst().first?.isLowercase == true else { return line }
        return first.lowercased() + line.dropFirst()
    }
}
