import ArgumentParser

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
    static func failure(for error: any Error) -> CommandFailure {
        let message = RootCommand.message(for: error)
        let full = RootCommand.fullMessage(for: error)
        return CommandFailure(.usage, firstLetterLowered(message), try: hint(in: full))
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
