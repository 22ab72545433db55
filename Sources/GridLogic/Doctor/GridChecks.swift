/// What the doctor makes of the facts about the grid that is kept, and run, on this machine.
package enum GridChecks {
    // MARK: Configuration

    /// What is configured, and what runs.
    package struct Configuration: Sendable, Hashable {
        /// Empty: there is no file, and what is built in holds.
        package var path = ""
        /// Why it cannot be used, and what to write instead.
        package var failure: Complaint?
        /// The grid that runs was started with another one.
        package var differsFromRunning = false
        /// The grid that runs was started with a file that is not the one that is found from here.
        package var isElsewhere = false
        package var listenHost = ""
        /// Nodes on other machines that have to dial in.
        package var awaitedAgents: [String] = []
        /// A lab, or a machine that joined another's grid: there is nothing to read.
        package var isNeeded = true

        package init() {}
    }

    package static func configuration(_ facts: Configuration) -> [Finding] {
        if let failure = facts.failure { return [Finding(.configuration, .failed, failure.text, try: failure.remedy)] }
        guard !facts.isElsewhere else {
            return [
                Finding(.configuration, .ok, "the grid that runs was started with a file that was named: --config FILE")
            ]
        }
        guard facts.isNeeded else { return [Finding(.configuration, .ok, "this grid needs no configuration file")] }
        var found: [Finding] = []
        if facts.differsFromRunning {
            found.append(
                Finding(
                    .configuration, .warning, "the grid that runs was started with another configuration",
                    try: "noizylab stop, then noizylab start"))
        }
        if !facts.awaitedAgents.isEmpty, isLoopback(facts.listenHost) {
            found.append(
                Finding(
                    .configuration, .warning,
                    "\(list(facts.awaitedAgents)) cannot dial in: the coordinator listens on \(facts.listenHost) alone",
                    try: "coordinator.listen = \"0.0.0.0:50051\" and coordinator.edge = \"0.0.0.0:50052\""))
        }
        guard found.isEmpty else { return found }
        return [
            Finding(
                .configuration, .ok,
                facts.path.isEmpty ? "there is none: what is built in holds" : "\(facts.path) is well formed")
        ]
    }

    static func isLoopback(_ host: String) -> Bool { host == "localhost" || host == "::1" || host.hasPrefix("127.") }

    static func list(_ names: [String]) -> String { names.joined(separator: ", ") }

    // MARK: Processes

    /// A process that belongs to the grid, by its record in `run/`.
    package struct Process: Sendable, Hashable {
        package var name: String
        package var isAlive: Bool
        /// How often, lately, it ended as soon as it was started, and how.
        package var quickEnds: Int
        package var lastExit: String?

        package init(name: String, isAlive: Bool, quickEnds: Int = 0, lastExit: String? = nil) {
            self.name = name
            self.isAlive = isAlive
            self.quickEnds = quickEnds
            self.lastExit = lastExit
        }
    }

    /// - Parameter leftovers: other files of processes that are gone, such as folders of sockets.
    package static func processes(_ processes: [Process], leftovers: [String]) -> [Finding] {
        let living = processes.filter(\.isAlive)
        let hasSupervisor = living.contains { $0.name == "supervisor" }
        var found: [Finding] = processes.filter { $0.quickEnds >= 3 }.map { part in
            Finding(
                .processes, .failed,
                "\(part.name) ends as soon as it is started (\(part.lastExit ?? "nobody knows how"))",
                try: "noizylab logs \(part.name)")
        }
        if !living.isEmpty, !hasSupervisor {
            found.append(
                Finding(
                    .processes, .failed,
                    "the supervisor is gone, so nothing that ends is started again (\(list(living.map(\.name))) still run)",
                    try: "noizylab start, which takes over what runs"))
        }
        let stale = processes.filter { !$0.isAlive && $0.quickEnds < 3 }.map { "run/\($0.name).json" } + leftovers
        // A part that the supervisor is about to start again has a record of its last life for a moment.
        if !stale.isEmpty, !hasSupervisor {
            found.append(
                Finding(
                    .processes, .warning, "left by processes that are gone: \(list(stale))",
                    try: "noizylab start, or noizylab doctor --repair"))
        }
        guard found.isEmpty else { return found }
        return [
            Finding(
                .processes, .ok,
                living.isEmpty ? "nothing runs, and nothing was left behind" : "\(list(living.map(\.name))) run")
        ]
    }

    // MARK: Store

    package enum Store: Sendable, Hashable {
        case none
        /// What SQLite's `quick_check` said; "ok" when all is well. The file's bytes.
        case checked(path: String, answer: String, bytes: Int64)
        /// It took too long, or could not be opened for looking.
        case unknown(path: String, why: String)
    }

    package static func store(_ store: Store) -> Finding {
        switch store {
        case .none: Finding(.store, .ok, "there is none yet")
        case .checked(let path, "ok", let bytes): Finding(.store, .ok, "\(path) is whole (\(Plain.bytes(bytes)))")
        case .checked(let path, let answer, _):
            Finding(
                .store, .failed, "\(path) is damaged: \(answer)",
                try: "noizylab stop; keep a copy of it; sqlite3 \(Plain.word(path)) .recover | sqlite3 recovered.sqlite"
            )
        case .unknown(let path, let why):
            Finding(
                .store, .warning, "\(path) could not be looked at: \(why)",
                try: "noizylab stop, and noizylab doctor again")
        }
    }

    // MARK: Certificates

    package struct Certificate: Sendable, Hashable {
        /// `coordinator`, `operator`, `node 'Mac-Pro'`, `the authority`.
        package var owner: String
        package var path: String
        /// Seconds; nil when it cannot be read, or does not fit its key: why.
        package var left: Int64?
        package var life: Int64
        package var failure: String
        package var isAuthority: Bool

        package init(
            owner: String, path: String, left: Int64?, life: Int64, failure: String = "", isAuthority: Bool = false
        ) {
            self.owner = owner
            self.path = path
            self.left = left
            self.life = life
            self.failure = failure
            self.isAuthority = isAuthority
        }
    }

    package static func certificates(_ certificates: [Certificate]) -> [Finding] {
        var found: [Finding] = []
        for certificate in certificates {
            let name = certificate.isAuthority ? certificate.owner : "the certificate of \(certificate.owner)"
            guard let left = certificate.left else {
                found.append(
                    Finding(
                        .certificates, .failed, "\(name) cannot be used: \(certificate.failure)",
                        try: certificate.isAuthority
                            ? "a copy of \(Plain.word(certificate.path)): without it no certificate can be made"
                            : "noizylab stop, then noizylab start, which makes a new one"))
                continue
            }
            let days = left / 86_400
            if left <= 0 {
                found.append(
                    Finding(
                        .certificates, .failed, "\(name) has ended",
                        try: certificate.isAuthority
                            ? "noizylab cert rotate --force"
                            : "noizylab stop, then noizylab start, which makes a new one"))
            } else if certificate.isAuthority ? days < 60 : left < certificate.life / 6 {
                found.append(
                    Finding(
                        .certificates, .warning, "\(name) ends in \(Plain.span(milliseconds: left * 1_000))",
                        try: certificate.isAuthority
                            ? "noizylab cert rotate" : "noizylab logs: it should have been renewed by now"))
            }
        }
        guard found.isEmpty else { return found }
        guard let first = certificates.min(by: { ($0.left ?? 0) < ($1.left ?? 0) }), let left = first.left else {
            return [Finding(.certificates, .ok, "there are none yet")]
        }
        return [
            Finding(
                .certificates, .ok,
                "\(Plain.count(certificates.count, "certificate")), the first to end in \(Plain.span(milliseconds: left * 1_000)) (\(first.owner)); they renew by themselves"
            )
        ]
    }

    /// Whether whoever keeps a pin of the authority still knows the one that signs.
    package struct Trust: Sendable, Hashable {
        package var owner: String
        package var path: String
        package var knowsAuthority: Bool

        package init(owner: String, path: String, knowsAuthority: Bool) {
            self.owner = owner
            self.path = path
            self.knowsAuthority = knowsAuthority
        }
    }

    package static func trust(_ holders: [Trust]) -> [Finding] {
        let lost = holders.filter { !$0.knowsAuthority }
        guard lost.isEmpty else {
            return lost.map {
                Finding(
                    .trust, .failed, "\($0.owner) does not know the authority that signs now (\($0.path))",
                    try: "noizylab stop, then noizylab start, which gives it the authorities anew")
            }
        }
        guard !holders.isEmpty else { return [Finding(.trust, .skipped, "the authority is on another machine")] }
        return [Finding(.trust, .ok, "\(Plain.count(holders.count, "folder")) of certificates know the authority")]
    }

    // MARK: The programs of the links

    package struct SSHClient: Sendable, Hashable {
        /// As `ssh -V` says; nil: there is none.
        package var version: String?
        /// Bytes of a control socket's path, with what OpenSSH adds while it makes it.
        package var socketPath: Int
        /// What the system has room for, without the zero at the end.
        package var socketLimit: Int
        package var nodes: [String]

        package init(version: String?, socketPath: Int, socketLimit: Int, nodes: [String]) {
            self.version = version
            self.socketPath = socketPath
            self.socketLimit = socketLimit
            self.nodes = nodes
        }
    }

    package static func ssh(_ client: SSHClient) -> Finding {
        guard !client.nodes.isEmpty else { return Finding(.ssh, .skipped, "no node has link = \"ssh\"") }
        guard let version = client.version else {
            return Finding(
                .ssh, .failed, "there is no ssh, and \(list(client.nodes)) need it",
                try: "sudo apt-get install openssh-client")
        }
        guard version.hasPrefix("OpenSSH") else {
            return Finding(
                .ssh, .warning, "ssh is not OpenSSH (\(version)): shared connections are its own",
                try: "the OpenSSH client first in PATH")
        }
        guard client.socketPath <= client.socketLimit else {
            return Finding(
                .ssh, .failed,
                "the path of a control socket has \(client.socketPath) bytes, and the system takes \(client.socketLimit)",
                try: "a shorter folder for temporary files")
        }
        return Finding(
            .ssh, .ok,
            "\(version); control sockets' paths have \(client.socketPath) of at most \(client.socketLimit) bytes")
    }
}
