/// What the doctor makes of the facts about this machine.
package enum MachineChecks {
    // MARK: Ports

    /// One listener of the coordinator.
    package struct Port: Sendable, Hashable {
        package enum State: Sendable, Hashable {
            /// The coordinator listens there, and takes connections.
            case ours
            /// The coordinator says that it listens there, and does not take connections: why.
            case deaf(String)
            case free
            /// Another program has it, or it is not this machine's address.
            case taken
        }

        /// `coordinator.listen`.
        package var key: String
        package var place: String
        package var port: Int
        package var state: State

        package init(key: String, place: String, port: Int, state: State) {
            self.key = key
            self.place = place
            self.port = port
            self.state = state
        }
    }

    package static func ports(_ ports: [Port], isDarwin: Bool) -> [Finding] {
        ports.map { port in
            switch port.state {
            case .ours: Finding(.ports, .ok, "\(port.key) takes connections at \(port.place)")
            case .free: Finding(.ports, .ok, "\(port.key) is free: \(port.place)")
            case .deaf(let why):
                Finding(
                    .ports, .failed, "\(port.key) takes no connections at \(port.place): \(why)",
                    try: "noizylab logs coordinator, then noizylab stop and noizylab start")
            case .taken:
                Finding(
                    .ports, .failed,
                    "\(port.key) cannot be listened on: another program has \(port.place), or the address is not this machine's",
                    try: (isDarwin
                        ? "lsof -nP -iTCP:\(port.port) -sTCP:LISTEN" : "ss -ltnp 'sport = :\(port.port)'")
                        + ", which says who has it; or another port: \(port.key) = \"HOST:PORT\"")
            }
        }
    }

    // MARK: Modes

    /// A file or folder of NOIZYLAB_HOME.
    package struct Mode: Sendable, Hashable {
        package var path: String
        /// The lower nine bits.
        package var mode: UInt32
        package var isFolder: Bool
        /// A private key, or what opens secrets.
        package var isKey: Bool
        /// It belongs to who asks.
        package var isOwn: Bool

        package init(path: String, mode: UInt32, isFolder: Bool, isKey: Bool, isOwn: Bool) {
            self.path = path
            self.mode = mode
            self.isFolder = isFolder
            self.isKey = isKey
            self.isOwn = isOwn
        }

        /// Others have no business there; its owner has.
        var isClosed: Bool { mode & 0o077 == 0 && mode & wanted & 0o600 == 0o600 }
        package var wanted: UInt32 { isFolder ? 0o700 : 0o600 }
    }

    /// What `--repair` closes again. Below a closed home nobody else gets anywhere, so only the home, keys and what their
    /// owner cannot use count.
    package static func toRepair(_ modes: [Mode], home: String) -> [Mode] {
        modes.filter { $0.isOwn && !$0.isClosed && ($0.path == home || $0.isKey || $0.mode & 0o600 != 0o600) }
    }

    package static func modes(_ modes: [Mode], home: String) -> [Finding] {
        var found = modes.filter { !$0.isOwn }.prefix(8).map { mode in
            Finding(
                .modes, .failed, "\(mode.path) belongs to another user",
                try: "sudo chown -R \"$(id -un)\" \(Plain.word(home))")
        }
        found += toRepair(modes, home: home).map { mode in
            let who = mode.mode & 0o077 != 0 ? "can be opened by other users" : "cannot be used by its owner"
            let text = String(mode.wanted, radix: 8)
            return Finding(
                .modes, .failed,
                "\(mode.isKey ? "the private key \(mode.path)" : mode.path) \(who) (mode \(octal(mode.mode)))",
                try: "chmod \(text) \(Plain.word(mode.path)), or noizylab doctor --repair")
        }
        if found.isEmpty {
            let keys = modes.count { $0.isKey }
            found.append(
                Finding(
                    .modes, .ok,
                    "\(home) and \(Plain.count(keys, "private key")) in it are for their owner alone"))
        }
        return found
    }

    private static func octal(_ mode: UInt32) -> String {
        let text = String(mode & 0o777, radix: 8)
        return String(repeating: "0", count: max(0, 4 - text.count)) + text
    }

    // MARK: Disk

    /// The disk that the store is on.
    package struct Disk: Sendable, Hashable {
        package var path: String
        package var freeBytes: Int64
        package var totalBytes: Int64
        /// Of some writes that were made durable, each in microseconds.
        package var syncs: [Int64]
        /// Why writing failed; empty when it did not.
        package var failure: String

        package init(path: String, freeBytes: Int64, totalBytes: Int64, syncs: [Int64], failure: String) {
            self.path = path
            self.freeBytes = freeBytes
            self.totalBytes = totalBytes
            self.syncs = syncs
            self.failure = failure
        }
    }

    static let leastFreeBytes: Int64 = 256 << 20
    static let lowFreeBytes: Int64 = 2 << 30
    /// A durable task waits for two of them.
    static let slowSyncMicroseconds: Int64 = 50_000

    package static func disk(_ disk: Disk) -> [Finding] {
        guard disk.failure.isEmpty else {
            return [
                Finding(
                    .disk, .failed, "nothing can be written to \(disk.path): \(disk.failure)",
                    try: "df -h \(Plain.word(disk.path)); make room, or another folder: noizylab --home DIR")
            ]
        }
        let free = "\(Plain.bytes(disk.freeBytes)) of \(Plain.bytes(disk.totalBytes)) free at \(disk.path)"
        let level: Finding.Level =
            disk.freeBytes < leastFreeBytes
            ? .failed : disk.freeBytes < lowFreeBytes || disk.freeBytes < disk.totalBytes / 50 ? .warning : .ok
        var found = [
            Finding(
                .disk, level, free,
                try: level == .ok ? "" : "du -xh \(Plain.word(disk.path)) | sort -h | tail -n 20, and make room")
        ]
        let sorted = disk.syncs.sorted()
        if let middle = sorted.isEmpty ? nil : sorted[sorted.count / 2] {
            let text = "a write is durable after \(Plain.tenth(Double(middle) / 1_000)) ms"
            found.append(
                middle > slowSyncMicroseconds
                    ? Finding(
                        .disk, .warning, "\(text): every durable task waits for two of them",
                        try: "NOIZYLAB_HOME on a faster disk (not a network share or a memory card)")
                    : Finding(.disk, .ok, text))
        }
        return found
    }

    // MARK: Clock, descriptors, names, the network of macOS

    /// - Parameters:
    ///   - isSynchronised: nil when no program could tell.
    ///   - source: who says so.
    package static func clock(isSynchronised: Bool?, source: String, isDarwin: Bool) -> Finding {
        switch isSynchronised {
        case true?: Finding(.clock, .ok, "the clock is synchronised (\(source))")
        case false?:
            Finding(
                .clock, .warning, "the clock is not synchronised (\(source)): certificates and logs depend on it",
                try: isDarwin ? "sudo systemsetup -setusingnetworktime on" : "sudo timedatectl set-ntp true")
        case nil:
            Finding(.clock, .skipped, "nothing here says whether the clock is synchronised (timedatectl, chronyc)")
        }
    }

    /// - Parameter needed: for the connections that the configuration allows, or that the nodes need.
    package static func descriptors(soft: UInt64, hard: UInt64, needed: UInt64) -> Finding {
        if soft >= needed { return Finding(.descriptors, .ok, "\(soft) open files allowed, \(needed) wanted") }
        return Finding(
            .descriptors, .warning, "only \(soft) open files are allowed, and \(needed) are wanted",
            try: hard >= needed
                ? "ulimit -n \(needed), then noizylab stop and noizylab start (systemd: LimitNOFILE=\(needed))"
                : "a higher limit for this user: nofile in /etc/security/limits.conf (systemd: LimitNOFILE=\(needed))")
    }

    /// A name of the configuration, and what became of it.
    package struct Name: Sendable, Hashable {
        /// `node 'Mac-Pro'`, or a key.
        package var owner: String
        package var name: String
        /// Why it could not be resolved; nil when it could.
        package var failure: String?

        package init(owner: String, name: String, failure: String?) {
            self.owner = owner
            self.name = name
            self.failure = failure
        }
    }

    package static func names(_ names: [Name]) -> [Finding] {
        let failed = names.compactMap { name -> Finding? in
            guard let failure = name.failure else { return nil }
            return Finding(
                .names, .failed, "the address '\(name.name)' of \(name.owner) is not known: \(failure)",
                try: "getent hosts \(Plain.word(name.name)); or its address as a number: address = \"192.168.1.21\"")
        }
        if !failed.isEmpty { return failed }
        return [
            names.isEmpty
                ? Finding(.names, .ok, "the configuration names no other machine")
                : Finding(
                    .names, .ok,
                    names.count == 1
                        ? "the configured address is known" : "\(names.count) configured addresses are known")
        ]
    }

    /// macOS keeps programs from the local network until somebody allows it, with an error of its own.
    ///
    /// - Parameters:
    ///   - tried: an address of the local network that was tried; nil: there was none to try.
    ///   - errno: what came of it; 0 when it worked.
    package static func localNetwork(isDarwin: Bool, tried: String?, errno: Int32) -> Finding {
        guard isDarwin else { return Finding(.localNetwork, .skipped, "only macOS asks for a permission") }
        guard let tried else {
            return Finding(.localNetwork, .skipped, "no address of the local network is configured")
        }
        // EHOSTUNREACH on Darwin.
        guard errno == 65 else { return Finding(.localNetwork, .ok, "\(tried) can be tried") }
        return Finding(
            .localNetwork, .failed, "macOS keeps this program from the local network (\(tried): no route to host)",
            try: "System Settings, Privacy & Security, Local Network: allow noizylab or its terminal; "
                + "or start it as a system daemon (sudo launchctl bootstrap system FILE.plist)")
    }
}
