package import GridModel

/// How a node is reached over SSH. The keys are those of `[[node]]` with `link = "ssh"`. What is not said here is as the
/// user's own OpenSSH configuration has it: keys, agent, jump hosts, known hosts.
package struct SSHSettings: Sendable, Hashable {
    package var node: NodeName
    package var address: String
    /// Nil: as the configuration of OpenSSH says.
    package var port: Int?
    package var user: String
    /// A private key's file; empty: as OpenSSH finds it.
    package var key: String
    /// A file of known hosts besides the user's own; empty: none.
    package var knownHosts: String
    /// The grid's own, of machines that `noizylab node trust` believed; empty: none.
    package var gridKnownHosts: String
    /// No other coordinator has it: what runs on the machine for this node is found again by it.
    package var tag: String
    /// For the control socket, 0700. Short: a socket's path has room for some hundred bytes.
    package var socketFolder: String

    package init(
        node: NodeName, address: String, port: Int? = nil, user: String = "", key: String = "",
        knownHosts: String = "", gridKnownHosts: String = "", tag: String, socketFolder: String
    ) {
        self.node = node
        self.address = address
        self.port = port
        self.user = user
        self.key = key
        self.knownHosts = knownHosts
        self.gridKnownHosts = gridKnownHosts
        self.tag = tag
        self.socketFolder = socketFolder
    }

    var destination: String { user.isEmpty ? address : "\(user)@\(address)" }

    /// As a person would type it, to see what the matter is.
    var command: String {
        (["ssh"] + endpoint + [destination]).joined(separator: " ")
    }

    /// `studio@192.168.1.21 port 2222`.
    var place: String { destination + (port.map { " port \($0)" } ?? "") }

    private var endpoint: [String] {
        (port.map { ["-p", "\($0)"] } ?? []) + (key.isEmpty ? [] : ["-i", key, "-o", "IdentitiesOnly=yes"])
    }

    /// Of every connection that is made: nobody is asked anything, and nothing but commands goes over it.
    private var connectionOptions: [String] {
        var options = ["-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes"]
        options += ["-o", "ConnectTimeout=8", "-o", "ServerAliveInterval=1", "-o", "ServerAliveCountMax=3"]
        options += ["-o", "ControlPersist=no", "-o", "ForwardAgent=no", "-o", "ForwardX11=no", "-o", "LogLevel=INFO"]
        options += ["-o", "ClearAllForwardings=yes", "-o", "PermitLocalCommand=no", "-o", "EscapeChar=none"]
        let files = [knownHosts, gridKnownHosts].filter { !$0.isEmpty }.map { " \"\($0)\"" }.joined()
        if !files.isEmpty { options += ["-o", "UserKnownHostsFile=~/.ssh/known_hosts ~/.ssh/known_hosts2\(files)"] }
        return options
    }

    /// The connection that the others share, and that carries the control script.
    func masterArguments(socket: String) -> [String] {
        ["ssh", "-M", "-S", socket, "-T"] + connectionOptions + endpoint + ["--", destination, ShellText.boot]
    }

    /// A connection of its own, for one script.
    var errandArguments: [String] {
        ["-S", "none", "-T"] + connectionOptions + endpoint + ["--", destination, ShellText.boot]
    }

    /// A connection of its own: in, and out again.
    var visitArguments: [String] {
        ["-S", "none", "-n", "-T"] + connectionOptions + endpoint + ["--", destination, "exit 0"]
    }

    /// Asks the client where it would go.
    var configurationArguments: [String] { ["-G"] + endpoint + ["--", destination] }

    /// One command over it. It never opens a connection of its own.
    func commandArguments(socket: String) -> [String] {
        [
            "ssh", "-S", socket, "-T", "-o", "ControlMaster=no", "-o", "BatchMode=yes", "-o", "ProxyCommand=false",
            "-o", "LogLevel=QUIET", "-o", "EscapeChar=none", "--", destination, ShellText.boot,
        ]
    }
}
