/// What a machine said of itself when the doctor's script ran there, whatever road it came by. One `key value` a line;
/// what it cannot tell it leaves out, and what makes no sense is left out here.
package struct NodeReport: Sendable, Hashable {
    package var system = ""
    package var diskFreeBytes: Int64?
    package var diskTotalBytes: Int64?
    /// Empty: there is none.
    package var python: String?
    /// Whether its clock is synchronised; nil: nothing there says.
    package var isTimeSynchronised: Bool?
    /// Whether it goes to sleep by itself, and who says so.
    package var sleeps: Bool?
    /// Of the interface towards the coordinator.
    package var interface = ""
    package var mtu: Int?
    /// Of the graphics driver; empty: `nvidia-smi` failed, and said so.
    package var gpuDriver: String?
    package var gpuFailure = ""
    /// Sessions that one SSH connection may have.
    package var maxSessions: Int?
    package var cores: Int?
    package var supervisor: String?
    /// Its clock, in seconds since 1970.
    package var clock: Int64?
    /// How far that is before ours, and how wrong it can be, for it took a while to be asked; milliseconds.
    package var clockOffset: (milliseconds: Int64, error: Int64)? {
        guard let clock, askedAt > 0, answeredAt >= askedAt else { return nil }
        // A clock of whole seconds is half a second behind on average.
        return (clock * 1_000 + 500 - (askedAt + answeredAt) / 2, 500 + (answeredAt - askedAt) / 2)
    }
    /// By our clock, in milliseconds since 1970; 0: not noted.
    package var askedAt: Int64 = 0
    package var answeredAt: Int64 = 0

    package init() {}

    /// - Parameter text: from a machine that may say anything.
    package init(parsing text: String) {
        for line in text.split(separator: "\n").prefix(200) {
            let key = line.prefix { $0 != " " }
            let value = String(line.dropFirst(key.count + 1).prefix(200))
            switch key {
            case "system": system = value
            case "disk":
                let numbers = value.split(separator: " ").compactMap { Int64($0) }
                if numbers.count == 2, numbers.allSatisfy({ (0..<(1 << 50)).contains($0) }) {
                    (diskTotalBytes, diskFreeBytes) = (numbers[0] * 1_024, numbers[1] * 1_024)
                }
            case "python": python = value
            case "synchronised": isTimeSynchronised = value == "yes" ? true : value == "no" ? false : nil
            case "sleeps": sleeps = value == "yes" ? true : value == "no" ? false : nil
            case "interface": interface = value
            case "mtu": mtu = Int(value).flatMap { (1...1_000_000).contains($0) ? $0 : nil }
            case "driver": gpuDriver = value
            case "nogpu": gpuFailure = value
            case "sessions": maxSessions = Int(value).flatMap { (0...1_000_000).contains($0) ? $0 : nil }
            case "cores": cores = Int(value).flatMap { (1...1_000_000).contains($0) ? $0 : nil }
            case "supervisor": supervisor = value
            case "clock": clock = Int64(value).flatMap { (0...1 << 40).contains($0) ? $0 : nil }
            default: break
            }
        }
    }
}

extension NodeChecks {
    /// - Parameters:
    ///   - report: nil: the script could not be run there, for the reason.
    ///   - usesSSH: the grid's own road to it is SSH, so that its sessions are the grid's slots.
    package static func reported(_ report: NodeReport?, _ reason: String, node: String, usesSSH: Bool) -> [Finding] {
        guard let report else {
            return [
                Finding(
                    .report, node: node, .warning, "it could not be looked at from inside: \(reason)",
                    try: "noizylab task list --node \(node)")
            ]
        }
        var found: [Finding] = []
        if report.supervisor == "none" {
            found.append(
                Finding(
                    .report, node: node, .warning,
                    "it has neither perl nor setsid, so that programs cannot be run well",
                    try: "there: sudo apt-get install perl"))
        }
        if let free = report.diskFreeBytes, let total = report.diskTotalBytes {
            let isLow = free < MachineChecks.lowFreeBytes || free < total / 50
            found.append(
                Finding(
                    .nodeDisk, node: node, isLow ? .warning : .ok,
                    "\(Plain.bytes(free)) of \(Plain.bytes(total)) free",
                    try: isLow ? "there: df -h, and make room" : ""))
        }
        if let python = report.python {
            found.append(
                python.isEmpty
                    ? Finding(
                        .python, node: node, .warning, "no python3: tasks of type python fail there",
                        try: "there: sudo apt-get install python3 (macOS: xcode-select --install)")
                    : Finding(.python, node: node, .ok, python))
        }
        // An agent's heartbeats tell better; a road's carry the clock of this machine.
        if usesSSH, let (offset, error) = report.clockOffset { found.append(clock(node, offset, error)) }
        if report.isTimeSynchronised == false {
            found.append(
                Finding(
                    .time, node: node, .warning, "its clock is not synchronised",
                    try: "there: sudo timedatectl set-ntp true"))
        } else if report.isTimeSynchronised == true {
            found.append(Finding(.time, node: node, .ok, "its clock is synchronised"))
        }
        if let sleeps = report.sleeps {
            found.append(
                sleeps
                    ? Finding(
                        .sleep, node: node, .warning, "it goes to sleep by itself, and is lost then",
                        try: report.system == "Darwin"
                            ? "there: sudo pmset -a sleep 0"
                            : "there: sudo systemctl mask sleep.target suspend.target hibernate.target")
                    : Finding(.sleep, node: node, .ok, "it does not go to sleep by itself"))
        }
        if let mtu = report.mtu {
            found.append(
                mtu < 1_280
                    ? Finding(
                        .mtu, node: node, .warning, "\(report.interface) takes packets of \(mtu) bytes only",
                        try: "there: sudo ip link set \(Plain.word(report.interface)) mtu 1500")
                    : Finding(.mtu, node: node, .ok, "\(mtu) bytes on \(report.interface)"))
        }
        if let driver = report.gpuDriver {
            found.append(Finding(.gpu, node: node, .ok, "driver \(driver)"))
        } else if !report.gpuFailure.isEmpty {
            found.append(
                Finding(
                    .gpu, node: node, .warning, "nvidia-smi is there and fails: \(report.gpuFailure)",
                    try: "there: nvidia-smi; after a driver update the machine has to be started again"))
        }
        if usesSSH, let sessions = report.maxSessions, let cores = report.cores {
            found += [slots(node, sessions, cores)]
        }
        return found
    }

    private static func clock(_ node: String, _ offset: Int64, _ error: Int64) -> Finding {
        guard abs(offset) - error > skewMicroseconds / 1_000 else {
            return Finding(.skew, node: node, .ok, "its clock agrees with ours, as far as whole seconds tell")
        }
        let size = Plain.span(milliseconds: abs(offset))
        return Finding(
            .skew, node: node, .warning, "its clock is about \(size) \(offset < 0 ? "behind" : "before") ours",
            try: "there: sudo timedatectl set-ntp true (macOS: sudo systemsetup -setusingnetworktime on)")
    }

    /// One session is the road's own.
    private static func slots(_ node: String, _ sessions: Int, _ cores: Int) -> Finding {
        guard sessions - 1 < cores else {
            return Finding(.sessions, node: node, .ok, "MaxSessions \(sessions): so many tasks less one at a time")
        }
        return Finding(
            .sessions, node: node, .warning,
            "its sshd takes \(sessions) sessions of a connection, and it has \(Plain.count(cores, "core"))",
            try: "there: MaxSessions \(max(40, cores * 2)) in /etc/ssh/sshd_config, and sudo systemctl reload ssh")
    }
}
