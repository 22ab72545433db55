/// Command lines for PowerShell that survive `cmd.exe`, which every command line goes through.
package enum PowerShell {
    /// What fits on a command line of `cmd.exe` (8,191 characters), with room for the program's name.
    package static let lineCharacters = 8_000

    private static let headerBytes = 10

    /// - Parameter program: `powershell` or `pwsh`.
    package static func line(program: String, script: String) -> String {
        "\(program).exe -NoProfile -NonInteractive -EncodedCommand "
            + Base64.encode([UInt8](utf16LittleEndian: "$ProgressPreference='SilentlyContinue'\n" + script))
    }

    /// Waits for a script on standard input and runs it; the rest of the input is the script's own. No length is too
    /// much, nothing is written to a disk, no character is anybody's to interpret, and process lists show this alone.
    package static let waiting = line(
        program: "powershell",
        script: """
            $noizylabInput=[Console]::OpenStandardInput()
            function NoizylabRead($left){
            $all=New-Object System.IO.MemoryStream
            while($left -gt 0){
            $part=New-Object byte[] ([Math]::Min($left,65536))
            $count=$noizylabInput.Read($part,0,$part.Length)
            if($count -le 0){break}
            $all.Write($part,0,$count)
            $left-=$count}
            [Text.Encoding]::UTF8.GetString($all.ToArray())}
            $noizylabText=NoizylabRead ([int](NoizylabRead \(headerBytes)))
            . ([scriptblock]::Create([Text.Encoding]::UTF8.GetString([Convert]::FromBase64String($noizylabText))))
            """)

    /// What `waiting` waits for: how long the script is, and the script.
    package static func input(script: String) -> [UInt8] {
        let body = Array(Base64.encode(Array(script.utf8)).utf8)
        let digits = Array(String(body.count).utf8)
        return [UInt8](repeating: UInt8(ascii: "0"), count: headerBytes - digits.count) + digits + body
    }

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
