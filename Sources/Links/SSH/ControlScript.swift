/// What runs on the other machine as long as the road is open: tells what the machine is, measures it every 500 ms, ends
/// attempts on request, and when the road closes ends all that it left. POSIX shell alone; Linux and macOS.
///
/// Lines it prints: `I key value` (inventory), `R` (ready), `S busy total available disk load` (Linux: ticks, KiB),
/// `M percent available disk load` (macOS), `G csv` and `G.` (GPUs), `P number` (an answer). Lines it takes:
/// `end ATTEMPT TICKS`, the grace in units of 50 ms, and `ping NUMBER`.
struct ControlScript {
    let tag: String
    /// Each opening of the road has its own, so that a road that died late cannot touch what runs over its successor.
    let generation: String

    var text: String {
        """
        root="$HOME/.noizylab-links/\(tag)"
        b="$root/\(generation)"
        umask 077
        \(Self.functions)
        sweep "$root"
        mkdir -p "$b" || { printf 'E cannot make %s\\n' "$b"; exit 1; }
        \(Self.inventory)
        echo R
        measure 2>/dev/null & sampler=$!
        if command -v nvidia-smi >/dev/null 2>&1; then gpus & gpu=$!; else gpu=; fi
        while read -r verb ref ticks; do
          case $verb in end) end "$ref" "$ticks" >/dev/null 2>&1 & ;; ping) echo "P $ref" ;; esac
        done
        kill $sampler $gpu 2>/dev/null
        sweep "$b"
        rmdir "$root" "$HOME/.noizylab-links" 2>/dev/null
        """
    }

    private static let functions = """
        marked() {
          [ -r /proc/self/environ ] || return 0
          for m in $(grep -lsF "NOIZYLAB_MARK=$1/" /proc/[0-9]*/environ 2>/dev/null); do
            m=${m#/proc/}; kill -s "$2" "${m%/environ}" 2>/dev/null
          done
        }
        end() {
          n=0
          while [ ! -s "$b/$1.pid" ] && [ $n -lt 40 ]; do sleep 0.05; n=$((n+1)); done
          read -r p < "$b/$1.pid" || return 0
          marked "$b/$1" TERM; kill -s TERM -- "-$p"; kill -s CONT -- "-$p"
          n=0
          while kill -s 0 -- "-$p" && [ $n -lt $2 ]; do sleep 0.05; n=$((n+1)); done
          marked "$b/$1" KILL; kill -s KILL -- "-$p"
        }
        sweep() {
          [ -d "$1" ] || return 0
          for f in $(find "$1" -name '*.pid' 2>/dev/null); do
            read -r p < "$f" || continue
            if [ -r /proc/self/environ ]; then
              grep -qsF "NOIZYLAB_MARK=$1/" "/proc/$p/environ" || continue
            fi
            kill -s KILL -- "-$p" 2>/dev/null
          done
          marked "$1" KILL
          rm -rf "$1"
        }
        disk() { df -kP "$HOME" 2>/dev/null | { read -r x; read -r x size x free x; echo "$size $free"; }; }
        gpus() {
          while :; do
            nvidia-smi --query-gpu=index,utilization.gpu,memory.used,temperature.gpu --format=csv,noheader,nounits \\
              2>/dev/null | sed 's/^/G /'
            echo G.; sleep 5
          done
        }
        measure() {
          k=0
          while :; do
            if [ $((k % 20)) -eq 0 ]; then d=$(disk); d=${d#* }; fi
            k=$((k+1))
            if [ -r /proc/stat ]; then
              read -r x u n s i w q t e x < /proc/stat
              while read -r key v x; do case $key in MemAvailable:) a=$v; break;; esac; done < /proc/meminfo
              read -r l x < /proc/loadavg
              echo "S $((u+n+s+q+t+e)) $((u+n+s+q+t+e+i+w)) $a $d $l"
            else
              c=$(ps -A -o %cpu= | awk '{s+=$1} END {print s}')
              a=$(vm_stat | awk '/page size/ {z=$8} /free|inactive|purgeable/ {gsub("\\\\.","",$NF); p+=$NF} END {print int(p*z/1024)}')
              l=$(sysctl -n vm.loadavg | awk '{print $2}')
              echo "M $c $a $d $l"
            fi
            sleep 0.5 || exit
          done
        }
        """

    private static let inventory = """
        echo "I system $(uname -s)"; echo "I release $(uname -r)"; echo "I arch $(uname -m)"
        echo "I host $(uname -n)"; echo "I cores $(getconf _NPROCESSORS_ONLN 2>/dev/null || sysctl -n hw.logicalcpu)"
        d=$(disk); echo "I disk ${d% *}"
        if [ -r /proc/meminfo ]; then
          while read -r key v x; do case $key in MemTotal:) echo "I memory $v"; break;; esac; done < /proc/meminfo
          [ -r /etc/os-release ] && ( . /etc/os-release; echo "I version $PRETTY_NAME" )
        else
          echo "I memory $(( $(sysctl -n hw.memsize) / 1024 ))"; echo "I version $(sw_vers -productVersion)"
        fi
        t=${SSH_CONNECTION%% *}
        if [ -r /proc/meminfo ]; then
          i=$(ip -o route get "$t" 2>/dev/null | sed -n 's/.* dev \\([^ ]*\\).*/\\1/p')
          if [ -z "$i" ]; then :; elif [ "$i" = lo ]; then echo "I medium loopback"
          elif [ -d "/sys/class/net/$i/wireless" ]; then echo "I medium wireless"
          elif [ -e "/sys/class/net/$i/device" ]; then echo "I medium wired"; else echo "I medium virtual"; fi
        else
          i=$(route -n get "$t" 2>/dev/null | awk '/interface:/ {print $2}')
          case $(networksetup -listallhardwareports 2>/dev/null | grep -B1 "^Device: $i$") in
            *Wi-Fi*) echo "I medium wireless" ;; *Device*) echo "I medium wired" ;;
          esac
        fi
        for p in bash docker ffmpeg gcc git node perl python3 pwsh rsync swift; do
          command -v $p >/dev/null 2>&1 && echo "I program $p"
        done
        command -v nvidia-smi >/dev/null 2>&1 && nvidia-smi \\
          --query-gpu=index,name,memory.total,uuid,driver_version --format=csv,noheader,nounits 2>/dev/null | sed 's/^/I gpu /'
        """
}
