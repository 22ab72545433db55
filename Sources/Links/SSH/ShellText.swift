/// Texts for a POSIX shell.
enum ShellText {
    /// One word that the shell takes as it is, in a line: a line break stands as `$NL`, which `line` defines.
    static func quoted(_ text: String) -> String {
        var result = "'"
        for scalar in text.unicodeScalars {
            switch scalar {
            case "'": result += "'\\''"
            case "\n": result += "'\"$NL\"'"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "'"
    }

    /// A script of many lines as a single one, for `boot`.
    static func line(_ script: String) -> String {
        "NL=$(printf '\\n.');NL=${NL%.};eval \(quoted(script))\n"
    }

    /// What stands in the process lists of both machines: it reads one line, byte by byte as every shell's `read` does,
    /// runs it, and leaves the rest of standard input to what that starts. Any login shell understands it.
    static let boot = #"exec /bin/sh -c 'IFS= read -r s; eval "$s"'"#

    /// Whether a shell can have a variable of this name.
    static func isVariable(_ name: String) -> Bool {
        guard let first = name.utf8.first, first == 95 || isLetter(first) else { return false }
        return name.utf8.allSatisfy { $0 == 95 || isLetter($0) || (48...57).contains($0) }
    }

    private static func isLetter(_ byte: UInt8) -> Bool { (65...90).contains(byte) || (97...122).contains(byte) }
}
