/// The scripts, in POSIX sh, that make another machine a node with an agent of its own, and undo it. Everything of ours
/// lies in one folder there, and one service file outside it.
package struct InstallScript: Sendable {
    /// Of the folder and the service; letters, digits, `.`, `_` and `-`. No other grid's node has it.
    private let tag: String
    /// For people, in the service's description.
    private let title: String

    package init(tag: String, title: String) {
        self.tag = tag
        self.title = title
    }

    /// Where everything of ours lies, below the user's home.
    package var folder: String { ".noizylab-agents/\(tag)" }

    /// What the machine is and what is there already, as `name=value` lines for `InstalledMachine`.
    package var look: String {
        head + """
            echo "system=$(uname -s)"
            echo "machine=$(uname -m)"
            echo "user=$(id -u)"
            echo "from=${SSH_CONNECTION%% *}"
            echo "folder=$D"
            if [ -f "$B" ]; then echo "program=$(sum "$B")"; fi
            if [ -f "$D/joined.json" ]; then echo "joined=yes"; fi
            p=$(sed -n 's/.*"pid":\\([0-9]*\\).*/\\1/p' "$D/run/supervisor.json" 2>/dev/null)
            if [ -n "$p" ] && ps -p "$p" -o args= 2>/dev/null | grep -qF "$D"; then echo "running=yes"; fi
            echo "service=$S"
            """
    }

    /// Takes the program from standard input. Nothing is replaced before its checksum is right.
    package func upload(bytes: Int64, sha256: String) -> String {
        head + """
            umask 077
            mkdir -p "$D/bin" || exit 1
            head -c \(bytes) > "$B.new" || exit 1
            if [ "$(sum "$B.new")" != \(sha256) ]; then
              rm -f "$B.new"; echo "the program did not arrive whole" >&2; exit 1
            fi
            chmod 700 "$B.new" && mv -f "$B.new" "$B"
            """
    }

    /// Takes the token from standard input. `coordinators`: `HOST:PORT` of the edge listener, the first that answers.
    package func join(node: String, role: String, coordinators: [String]) -> String {
        head + """
            IFS= read -r token
            for at in \(coordinators.map(ShellText.quoted).joined(separator: " ")); do
              said=$(printf '%s\\n' "$token" | "$B" join "$at" --token - --name \(ShellText.quoted(node)) \
            --role \(ShellText.quoted(role)) --home "$D" --no-start 2>&1) && exit 0
              # Only who cannot be reached is tried at another address.
              [ $? = 4 ] || break
            done
            printf '%s\\n' "$said" | head -n 1 >&2
            exit 1
            """
    }

    /// Has the machine start the agent now and whenever it starts.
    package var start: String {
        head + """
            case $S in
            systemd)
              unit multi-user.target > "/etc/systemd/system/$N.service" || exit 1
              systemctl daemon-reload && systemctl enable "$N.service" 2>&1 && systemctl restart "$N.service" ;;
            systemd-user)
              mkdir -p "$HOME/.config/systemd/user" || exit 1
              unit default.target > "$HOME/.config/systemd/user/$N.service" || exit 1
              systemctl --user daemon-reload && systemctl --user enable "$N.service" 2>&1 \\
                && systemctl --user restart "$N.service" || exit 1
              loginctl enable-linger >/dev/null 2>&1 || echo "note=it ends when the user logs out: sudo loginctl enable-linger $(id -un)" ;;
            launchd)
              mkdir -p "$(dirname "$P")" && plist > "$P" || exit 1
              launchctl bootout "$G/$N" 2>/dev/null
              # It ends in its own time, and cannot be started again before.
              i=0; while [ $i -lt 50 ] && launchctl print "$G/$N" >/dev/null 2>&1; do sleep 0.2; i=$((i + 1)); done
              launchctl bootstrap "$G" "$P" || exit 1 ;;
            *)
              "$B" start --home "$D" >/dev/null || exit 1
              echo "note=no systemd and no launchd: it ends with the machine" ;;
            esac
            """
    }

    /// Every trace of it, whatever is there. Says what it removed.
    package var uninstall: String {
        head + """
            case $S in
            systemd)
              if [ -f "/etc/systemd/system/$N.service" ]; then
                systemctl disable --now "$N.service" 2>&1; rm -f "/etc/systemd/system/$N.service"
                systemctl daemon-reload; echo "removed=the service $N"
              fi ;;
            systemd-user)
              if [ -f "$HOME/.config/systemd/user/$N.service" ]; then
                systemctl --user disable --now "$N.service" 2>&1; rm -f "$HOME/.config/systemd/user/$N.service"
                systemctl --user daemon-reload; echo "removed=the service $N"
              fi ;;
            launchd)
              if [ -f "$P" ]; then
                launchctl bootout "$G/$N" 2>/dev/null; rm -f "$P"; echo "removed=the service $N"
              fi ;;
            esac
            if [ -d "$D" ]; then
              if [ -x "$B" ]; then "$B" stop --home "$D" >/dev/null 2>&1; fi
              rm -rf "$D" || exit 1
              echo "removed=$D"
            fi
            rmdir "$HOME/.noizylab-agents" 2>/dev/null
            if [ -e "$D" ]; then echo "$D is still there" >&2; exit 1; fi
            """
    }

    private var head: String {
        """
        N=noizylab-\(tag)
        D="$HOME/\(folder)"
        B="$D/bin/noizylab"
        if [ "$(id -u)" = 0 ]; then P="/Library/LaunchDaemons/$N.plist"; G=system
        else P="$HOME/Library/LaunchAgents/$N.plist"; G="user/$(id -u)"; fi
        sum() { if command -v sha256sum >/dev/null; then sha256sum "$1"; else shasum -a 256 "$1"; fi | cut -d' ' -f1; }
        S=none
        if [ "$(uname -s)" = Darwin ]; then S=launchd
        elif command -v systemctl >/dev/null; then
          if [ "$(id -u)" = 0 ]; then if systemctl list-units >/dev/null 2>&1; then S=systemd; fi
          elif systemctl --user list-units >/dev/null 2>&1; then S=systemd-user; fi
        fi
        unit() {
          printf '[Unit]\\nDescription=%s\\nWants=network-online.target\\nAfter=network-online.target\\n' \(ShellText.quoted(title))
          printf '[Service]\\nExecStart="%s" start --foreground --home "%s"\\nRestart=always\\nRestartSec=2\\n' "$B" "$D"
          printf 'TimeoutStopSec=30\\nKillMode=mixed\\n[Install]\\nWantedBy=%s\\n' "$1"
        }
        plist() {
          printf '<?xml version="1.0" encoding="UTF-8"?>\\n<plist version="1.0"><dict><key>Label</key><string>%s</string>' "$N"
          printf '<key>ProgramArguments</key><array><string>%s</string><string>start</string><string>--foreground</string>' "$B"
          printf '<string>--home</string><string>%s</string></array><key>RunAtLoad</key><true/>' "$D"
          printf '<key>KeepAlive</key><true/></dict></plist>\\n'
        }

        """
    }
}
