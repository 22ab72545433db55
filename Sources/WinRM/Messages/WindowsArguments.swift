/// Arguments as Windows programs take them apart: one line, by the rules of `CommandLineToArgvW`.
package enum WindowsArguments {
    /// One argument, so that it comes out of the line as it went in.
    package static func quoted(_ argument: String) -> String {
        guard argument.isEmpty || argument.contains(where: { $0.isWhitespace || $0 == "\"" }) else { return argument }
        var line = "\""
        var backslashes = 0
        for unit in argument.unicodeScalars {
            switch unit {
            case "\\":
                backslashes += 1
            case "\"":
                line += String(repeating: "\\", count: backslashes * 2 + 1) + "\""
                backslashes = 0
            default:
                line += String(repeating: "\\", count: backslashes)
                line.unicodeScalars.append(unit)
                backslashes = 0
            }
        }
        return line + String(repeating: "\\", count: backslashes * 2) + "\""
    }

    /// One argument as Windows PowerShell must get it to pass it on unharmed: it puts quotation marks around what has
    /// blanks, but does not escape those within, leaves out what is empty, and lets a last backslash swallow its mark.
    /// Where that would do harm it is quoted beforehand; PowerShell leaves blanks within marks alone.
    package static func forPowerShell(_ argument: String) -> String {
        let hasBlank = argument.contains(where: \.isWhitespace)
        return argument.isEmpty || argument.contains("\"") || (hasBlank && argument.hasSuffix("\\"))
            ? quoted(argument) : argument
    }

    /// Whether `cmd.exe` would take some of it for itself: what must not go to a batch file.
    package static func isUnsafeForBatch(_ argument: String) -> Bool {
        argument.unicodeScalars.contains { "\"%&|<>^!\r\n".unicodeScalars.contains($0) }
    }
}
