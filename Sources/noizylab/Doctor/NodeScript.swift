/// What runs on a node to look at it from inside, by whatever road it is reached: prints what `NodeReport` reads. POSIX
/// shell; Linux and macOS. Changes nothing, and asks no other machine.
enum NodeScript {
    static let posix = #"""
        exec 2>/dev/null
        say() { printf '%s %s\n' "$1" "$2"; }
        s=$(uname -s); say system "$s"; say clock "$(date +%s)"
        df -kP "${HOME:-/}" | { read -r x; read -r x size x free x; say disk "$size $free"; }
        say cores "$(getconf _NPROCESSORS_ONLN || sysctl -n hw.logicalcpu)"
        if command -v python3 >/dev/null; then say python "$(python3 --version 2>&1)"; else say python ''; fi
        command -v perl >/dev/null || command -v setsid >/dev/null || say supervisor none
        n=$(timedatectl show -p NTPSynchronized --value)
        [ -n "$n" ] || case $(chronyc -n tracking) in
          *'Not synchronised'*) n=no ;; *'Leap status'*) n=yes ;;
        esac
        [ -z "$n" ] || say synchronised "$n"
        if [ "$s" = Darwin ]; then
          case $(pmset -g | awk '$1 == "sleep" {print $2}') in '') ;; 0) say sleeps no ;; *) say sleeps yes ;; esac
          i=$(route -n get 192.0.2.1 | awk '/interface:/ {print $2}')
          m=$(ifconfig "$i" | sed -n 's/.* mtu \([0-9]*\).*/\1/p')
        else
          if [ -d /run/systemd/system ]; then
            case "$(systemctl is-enabled sleep.target) $(systemctl get-default)" in
              masked*) say sleeps no ;; *graphical.target) say sleeps yes ;; *multi-user.target) say sleeps no ;;
            esac
          fi
          # Towards whoever logged in, else towards the rest of the world; no packet is sent.
          t=${SSH_CONNECTION%% *}
          i=$(ip -o route get "${t:-192.0.2.1}" | sed -n 's/.* dev \([^ ]*\).*/\1/p')
          m=$(cat "/sys/class/net/$i/mtu")
        fi
        [ -z "$m" ] || { say interface "$i"; say mtu "$m"; }
        if command -v nvidia-smi >/dev/null; then
          if g=$(nvidia-smi --query-gpu=driver_version --format=csv,noheader); then
            say driver "$(printf '%s\n' "$g" | head -n 1)"
          else say nogpu "$(printf '%s\n' "$g" | head -n 1)"; fi
        fi
        c=$( (sshd -T || /usr/sbin/sshd -T) | awk '$1 == "maxsessions" {print $2}')
        [ -n "$c" ] || c=$(cat /etc/ssh/sshd_config.d/*.conf /etc/ssh/sshd_config \
          | awk 'tolower($1) == "maxsessions" {print $2; exit}')
        [ -n "$c" ] || ! [ -r /etc/ssh/sshd_config ] || c=10
        [ -z "$c" ] || say sessions "$c"
        exit 0
        """#
}
