import Executors
import GridModel

/// The script that runs one attempt on the other machine: makes its folder, sets its environment, and hands over to a
/// small supervisor, which starts the program in a process group of its own and says on standard error how it started
/// and ended, each time in a line that begins with a token only the two ends know.
///
/// It travels on standard input, so that neither machine's process list shows an environment or a secret.
struct AttemptScript {
    let settings: SSHSettings
    let generation: String
    let attempt: AttemptStart
    let token: String

    func text(_ command: Command) throws(AttemptRefusal) -> String {
        let quoted = ShellText.quoted
        var lines = [
            "b=\"$HOME/.noizylab-links/\(settings.tag)/\(generation)\"", "d=\"$b/\(attempt.ref)\"",
            cannot, "mkdir -p \"$d\" || cannot 0 'cannot make a folder for the attempt'",
        ]
        for (name, value) in try environment(command).sorted(by: { $0.key < $1.key }) {
            lines.append("export \(name)=\(quoted(value))")
        }
        lines.append("export NOIZYLAB_SCRATCH=\"$d\"")
        if command.workingDirectory.isEmpty {
            lines.append("cd \"$d\" || cannot 0 'cannot enter the folder of the attempt'")
        } else {
            let text = "cannot use the working directory '\(command.workingDirectory)' on node \(settings.node)"
            lines.append("cd -- \(quoted(command.workingDirectory)) 2>/dev/null || cannot 127 \(quoted(text))")
        }
        lines += try program(command.invocation)
        lines += [
            "if command -v perl >/dev/null 2>&1; then",
            "exec perl -e \(quoted(Self.supervisor)) \(token) \"$b/\(attempt.ref).pid\" \"$d\" \"$@\"", "fi",
            Self.plainSupervisor(token, "\(attempt.ref)"),
        ]
        return lines.joined(separator: "\n")
    }

    private var cannot: String {
        "cannot() { printf '%s cannot %s %s\\n' \(token) \"$1\" \"$2\" >&2; cd /; rm -rf \"$d\"; exit 0; }"
    }

    private func program(_ invocation: Command.Invocation) throws(AttemptRefusal) -> [String] {
        switch invocation {
        case .arguments(let arguments):
            guard let name = arguments.first, !name.isEmpty else { throw AttemptRefusal(text: "no program is named") }
            guard !arguments.contains(where: { $0.utf8.contains(0) }) else {
                throw AttemptRefusal(text: "an argument contains a NUL byte")
            }
            return ["set -- " + arguments.map(ShellText.quoted).joined(separator: " ")]
        case .script(let interpreter, let text):
            guard !text.utf8.contains(0) else { throw AttemptRefusal(text: "the script contains a NUL byte") }
            let (programs, options, ending) = interpreter.shape
            let search = programs.map { "command -v \($0)" }.joined(separator: " || ")
            let missing = "node \(settings.node) has no \(interpreter.rawValue)"
            return [
                "i=$(\(search)) || cannot 0 \(ShellText.quoted(missing))",
                "printf '%s' \(ShellText.quoted(text)) > \"$d/.script\(ending)\"",
                "set -- \"$i\" \(options) \"$d/.script\(ending)\"",
            ]
        }
    }

    private func environment(_ command: Command) throws(AttemptRefusal) -> [String: String] {
        var variables = try attempt.variables(of: command, on: settings.node) { name, value in
            ShellText.isVariable(name) && !value.utf8.contains(0) ? nil : "over SSH: letters, digits and '_' alone"
        }
        // For containers, which look at this one.
        if !attempt.gpuIndices.isEmpty {
            let indices = attempt.gpuIndices.map(String.init).joined(separator: ",")
            variables["NVIDIA_VISIBLE_DEVICES"] = variables["NVIDIA_VISIBLE_DEVICES"] ?? indices
        }
        return variables
    }

    /// Perl tells an exit code from a signal, which no POSIX shell does. What the program leaves behind in its group has
    /// 300 ms to end by itself.
    private static let supervisor = """
        my ($t, $f, $d, @c) = @ARGV; my @b = (times)[2, 3]; pipe(my $r, my $w) or die; my $p = fork; die unless defined $p;
        if (!$p) { setpgrp(0, 0); close $r; $ENV{NOIZYLAB_MARK} = "$d/"; exec { $c[0] } @c;
        syswrite $w, $! + 0; exit 127 }
        setpgrp($p, $p); close $w; $SIG{$_} = "IGNORE" for qw(TERM INT HUP PIPE);
        my $h; if (open $h, ">", $f) { print $h "$p\\n"; close $h }
        open STDIN, "<", "/dev/null"; close STDOUT; my $e = ""; sysread $r, $e, 20;
        my $m = "$t start\\n"; syswrite STDERR, $m if $e eq ""; waitpid $p, 0; my $s = $?;
        my $n = 0; select undef, undef, undef, .01 while kill(0, -$p) && $n++ < 30; kill 9, -$p;
        my ($u, $y) = (times)[2, 3]; chdir "/"; unlink $f; rmdir $d or system "rm", "-rf", $d;
        $m = sprintf "$t end %d %d %d %d\\n", $s >> 8, $s & 127,
        ($u - $b[0]) * 1e6, ($y - $b[1]) * 1e6;
        $m = sprintf "$t cannot %d %s\\n", $e == 2 ? 127 : 126, $e if $e ne ""; syswrite STDERR, $m;
        """

    /// Where there is no Perl: a status above 128 is taken for a signal, as every shell shows it.
    private static func plainSupervisor(_ token: String, _ ref: String) -> String {
        """
        command -v setsid >/dev/null 2>&1 || cannot 0 'this machine has neither perl nor setsid: install one of them'
        command -v -- "$1" >/dev/null 2>&1 || cannot 127 2
        exec 3<&0
        NOIZYLAB_MARK="$d/" setsid "$@" <&3 3<&- & p=$!
        exec 3<&- 0</dev/null 1>/dev/null
        printf '%s\\n' "$p" > "$b/\(ref).pid"
        printf '%s start\\n' \(token) >&2
        trap '' TERM INT HUP PIPE
        wait "$p" 2>/dev/null; c=$?; s=0
        [ "$c" -gt 128 ] && s=$((c-128)) && c=0
        kill -s KILL -- "-$p" 2>/dev/null
        cd /; rm -rf "$d" "$b/\(ref).pid"
        printf '%s end %s %s 0 0\\n' \(token) "$c" "$s" >&2
        """
    }
}

extension Command.Interpreter {
    /// The programs that can be it, the options before the script's file, and how that is called.
    fileprivate var shape: (programs: [String], options: String, ending: String) {
        switch self {
        case .sh: (["sh"], "", ".sh")
        case .bash: (["bash"], "", ".sh")
        case .python: (["python3", "python"], "", ".py")
        case .powershell: (["powershell", "pwsh"], "-NoProfile -NonInteractive -File", ".ps1")
        case .pwsh: (["pwsh"], "-NoProfile -NonInteractive -File", ".ps1")
        case .cmd: (["cmd"], "/c", ".cmd")
        }
    }
}
