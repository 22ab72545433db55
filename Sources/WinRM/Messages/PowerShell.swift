/// Command lines for PowerShell that survive `cmd.exe`, which every command line goes through.
package enum PowerShell {
    /// What fits on a command line of `cmd.exe` (8,191 characters), with room for the program's name.
    package static let lineCharacters = 8_000

    /// - Parameter program: `powershell` or `pwsh`.
    package static func line(program: String, script: String) -> String {
        "\(program).exe -NoProfile -NonInteractive -EncodedCommand "
            + Base64.encode([UInt8](utf16LittleEndian: "$ProgressPreference='SilentlyContinue'\n" + script))
    }

    /// Runs the script that comes, as base64 of UTF-8, on standard input: no length is too much, nothing is written to
    /// a disk, and no character of it is anybody's to interpret.
    package static func lineForInput(program: String) -> String {
        line(
            program: program,
            script: "& ([scriptblock]::Create([Text.Encoding]::UTF8.GetString([Convert]::FromBase64String("
                + "[Console]::In.ReadToEnd())))); exit $LASTEXITCODE")
    }

    package static func input(script: String) -> [UInt8] { Array(Base64.encode(Array(script.utf8)).utf8) }

    /// A literal that PowerShell takes as it is.
    package static func quote(_ text: String) -> String {
        // Typographic quotation marks end a literal, too.
        let marks: Set<Unicode.Scalar> = ["'", "\u{2018}", "\u{2019}", "\u{201a}", "\u{201b}"]
        return text.unicodeScalars.reduce(into: "'") { quoted, scalar in
            quoted.unicodeScalars.append(scalar)
            if marks.contains(scalar) { quoted.unicodeScalars.append(scalar) }
        } + "'"
    }
}
