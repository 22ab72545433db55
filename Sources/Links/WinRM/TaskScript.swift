import Executors
import GridModel
import WinRM

/// The PowerShell text that runs one attempt on a Windows host: makes its folder, sets its environment, says on standard
/// error that it starts, runs what was asked for, and removes the folder. Windows PowerShell 5.1 understands it.
///
/// It travels on standard input, so that no process list shows an environment, a secret or a script. What it says of
/// itself begins with a token that only the two ends know.
struct TaskScript {
    let node: WinRMNode
    let attempt: AttemptStart
    let token: String

    /// The attempt's folder, as PowerShell writes it.
    static func folder(_ ref: AttemptRef, tag: String) -> String {
        "[IO.Path]::Combine([IO.Path]::GetTempPath(),\(PowerShell.quote("noizylab-\(tag)-\(ref)")))"
    }

    func text(_ command: Command) throws(AttemptRefusal) -> String {
        let quote = PowerShell.quote
        var lines = [
            "function NoizylabSay($noizylabWord) { [Console]::Error.WriteLine(\(quote(token)) + $noizylabWord) }",
            "$noizylabFolder = \(Self.folder(attempt.ref, tag: node.tag))",
            "try { New-Item -ItemType Directory -Force -Path $noizylabFolder -ErrorAction Stop | Out-Null } catch "
                + "{ NoizylabSay ('cannot 0 cannot make a folder for the attempt: ' + $_.Exception.Message); exit 0 }",
        ]
        for (name, value) in try environment(command).sorted(by: { $0.key < $1.key }) {
            lines.append("[Environment]::SetEnvironmentVariable(\(quote(name)), \(quote(value)))")
        }
        lines.append("[Environment]::SetEnvironmentVariable('NOIZYLAB_SCRATCH', $noizylabFolder)")
        let missing = "cannot use the working directory '\(command.workingDirectory)' on node \(node.name)"
        lines.append(
            "try { Set-Location -LiteralPath "
                + (command.workingDirectory.isEmpty ? "$noizylabFolder" : quote(command.workingDirectory))
                + " -ErrorAction Stop } catch { NoizylabSay \(quote("cannot 127 " + missing)); exit 0 }")
        let body = try program(command.invocation)
        lines += [
            "NoizylabSay ('start ' + $PID + ' ' + (Get-Date).Ticks)", "$ProgressPreference = 'Continue'",
            "$noizylabRight = $true", "try {", body, "} finally {", "$ProgressPreference = 'SilentlyContinue'",
            "Set-Location -LiteralPath $env:SystemRoot",
            "Remove-Item -LiteralPath $noizylabFolder -Recurse -Force -ErrorAction SilentlyContinue", "}",
            "if ($LASTEXITCODE) { exit $LASTEXITCODE }", "if (-not $noizylabRight) { exit 1 }", "exit 0",
        ]
        return lines.joined(separator: "\n")
    }

    /// Finds out whether anything of an attempt that was ended is still there, ends it, and removes its folder. Prints
    /// how many processes are left.
    ///
    /// - Parameters:
    ///   - process: the attempt's own; nil when it never started.
    ///   - ticks: when it started, by the host's clock, as .NET counts: what is older is none of its children.
    static func ending(_ ref: AttemptRef, tag: String, process: (id: Int64, ticks: Int64)?) -> String {
        let folder = """
            Remove-Item -LiteralPath (\(folder(ref, tag: tag))) -Recurse -Force -ErrorAction SilentlyContinue
            """
        guard let process else { return "\(folder)\n[Console]::Out.WriteLine('0')" }
        return """
            $tree = @{ '\(process.id)' = 1 }
            $left = 0
            for ($round = 0; $round -lt 20; $round++) {
            $left = 0
            $all = @(Get-CimInstance -ClassName Win32_Process)
            do {
            $grown = $false
            foreach ($one in $all) {
            if ($tree.ContainsKey([string]$one.ParentProcessId) -and -not $tree.ContainsKey([string]$one.ProcessId) -and $one.CreationDate -and $one.CreationDate.Ticks -ge \(process.ticks)) { $tree[[string]$one.ProcessId] = 1; $grown = $true }
            }
            } while ($grown)
            foreach ($one in $all) {
            if ($tree.ContainsKey([string]$one.ProcessId) -and $one.CreationDate -and ($one.CreationDate.Ticks -ge \(process.ticks) -or $one.ProcessId -eq \(process.id)) -and $one.ProcessId -ne $PID) { $left++; Stop-Process -Id $one.ProcessId -Force -ErrorAction SilentlyContinue }
            }
            if ($left -eq 0) { break }
            Start-Sleep -Milliseconds 100
            }
            \(folder)
            [Console]::Out.WriteLine([string]$left)
            """
    }

    private func program(_ invocation: Command.Invocation) throws(AttemptRefusal) -> String {
        switch invocation {
        case .arguments(let arguments):
            guard let name = arguments.first, !name.isEmpty else { throw AttemptRefusal(text: "no program is named") }
            guard !arguments.contains(where: { $0.utf8.contains(0) }) else {
                throw AttemptRefusal(text: "an argument contains a NUL byte")
            }
            return call(name, Array(arguments.dropFirst()))
        case .script(let interpreter, let text):
            guard !text.utf8.contains(0) else { throw AttemptRefusal(text: "the script contains a NUL byte") }
            guard interpreter != .powershell else {
                // The last statement's success is told in the script's own scope, and only there.
                return ". ([scriptblock]::Create(\(PowerShell.quote(text + "\n$noizylabRight = $?"))))"
            }
            return script(interpreter, text)
        }
    }

    /// A program of the PATH; else what PowerShell calls by that name.
    private func call(_ name: String, _ arguments: [String]) -> String {
        let quote = PowerShell.quote
        let list = arguments.map { " " + quote(WindowsArguments.forPowerShell($0)) }.joined()
        var lines = [
            "$noizylabProgram = \(quote(name))",
            "$noizylabFound = Get-Command -Name $noizylabProgram -CommandType Application -ErrorAction SilentlyContinue "
                + "| Select-Object -First 1", "if ($noizylabFound) { $noizylabProgram = $noizylabFound.Source }",
        ]
        if arguments.contains(where: WindowsArguments.isUnsafeForBatch) {
            let reason =
                "cannot 0 '\(name)' is a batch file, and cmd.exe would take some of these arguments for itself: call "
                + "it from a script of cmd"
            lines.append(
                "if ($noizylabProgram -match '\\.(cmd|bat)$') { NoizylabSay \(quote(reason)); exit 0 }")
        }
        lines += [
            "try { & $noizylabProgram\(list); $noizylabRight = $? } catch {",
            "if ($_.FullyQualifiedErrorId -eq 'CommandNotFoundException') { NoizylabSay 'cannot 127 2' } else "
                + "{ NoizylabSay ('cannot 126 ' + $_.Exception.Message) }", "exit 0", "}",
        ]
        return lines.joined(separator: "\n")
    }

    private func script(_ interpreter: Command.Interpreter, _ text: String) -> String {
        let quote = PowerShell.quote
        let (programs, options, ending) = interpreter.windowsShape
        let names = programs.map(quote).joined(separator: ",")
        let body =
            switch interpreter {
            case .cmd: "@echo off\n\(text)".crlf
            case .pwsh: text + "\n$noizylabRight = $?"
            default: text
            }
        let missing = "cannot 0 node \(node.name) has no \(interpreter.rawValue)"
        return """
            $noizylabFound = Get-Command -Name \(names) -CommandType Application -ErrorAction SilentlyContinue | Select-Object -First 1
            if (-not $noizylabFound) { NoizylabSay \(quote(missing)); exit 0 }
            $noizylabFile = [IO.Path]::Combine($noizylabFolder, \(quote("task" + ending)))
            [IO.File]::WriteAllText($noizylabFile, \(quote(body)))
            [Environment]::SetEnvironmentVariable('NOIZYLAB_SCRIPT', $noizylabFile)
            & $noizylabFound.Source\(options.map { " " + quote($0) }.joined())\(interpreter == .pwsh ? "" : " $noizylabFile")
            $noizylabRight = $?
            """
    }

    private func environment(_ command: Command) throws(AttemptRefusal) -> [String: String] {
        try attempt.variables(of: command, on: node.name) { name, value in
            let isFit = !name.isEmpty && !name.contains("=") && !name.utf8.contains(0) && !value.utf8.contains(0)
            return isFit ? nil : "on Windows"
        }
    }
}

extension String {
    /// `cmd.exe` reads a batch file by lines that end so.
    fileprivate var crlf: String {
        unicodeScalars.reduce(into: "") { text, scalar in
            if scalar == "\n" {
                text += text.unicodeScalars.last == "\r" ? "\n" : "\r\n"
            } else {
                text.unicodeScalars.append(scalar)
            }
        }
    }
}

extension Command.Interpreter {
    /// The programs that can be it, the options before the script's file, and how that is called.
    fileprivate var windowsShape: (programs: [String], options: [String], ending: String) {
        switch self {
        case .sh: (["sh", "bash"], [], ".sh")
        case .bash: (["bash"], [], ".sh")
        case .python: (["python", "py", "python3"], [], ".py")
        case .powershell: (["powershell"], [], ".ps1")
        // Not as a file: that is what an execution policy forbids.
        case .pwsh: (["pwsh"], ["-NoProfile", "-NonInteractive", "-Command", Self.pwshBoot], ".ps1")
        case .cmd: (["cmd"], ["/d", "/c"], ".cmd")
        }
    }

    private static let pwshBoot =
        ". ([scriptblock]::Create([IO.File]::ReadAllText($env:NOIZYLAB_SCRIPT))); if ($LASTEXITCODE) "
        + "{ exit $LASTEXITCODE }; if (-not $noizylabRight) { exit 1 }"
}
