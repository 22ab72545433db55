import ArgumentParser
import Executors
import Foundation
import GridIdentity
import GridModel
import Links

struct NodeTrustCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration.command(
        "trust", "Show the host key of a node over SSH, and believe it from now on.",
        examples: ["node trust Mac-Pro", "node trust Mac-Pro --fingerprint SHA256:…"],
        discussion: """
            Compare the fingerprint with what the machine itself shows: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub. \
            The key is kept in the grid's folder (known_hosts) and replaces one that was believed before.
            """)

    @OptionGroup var options: GridOptions

    @Argument(help: "The node's name.")
    var node: String

    @Option(help: ArgumentHelp("Do not ask: believe it if it is this one.", valueName: "SHA256:…"))
    var fingerprint: String?

    func run() async throws {
        let home = options.folder
        let plan =
            try JSONFile.read(GridPlan.self, from: home.gridRecord)
            ?? GridPlan(ConfigSource(home: home, flag: options.config).read())
        let planned = try plan.node(named: node)
        guard let road = planned.roadOverSSH else {
            throw CommandFailure(
                .usage, "\(node) has the link '\(planned.link)', and no SSH host key",
                try: "noizylab doctor \(node)")
        }
        let settings = road.settings(node: node, gridKnownHosts: home.knownHosts)
        guard let keys = await SSHVisit(settings: settings, environment: [:]).hostKeys() else {
            throw CommandFailure(
                .unreachable, "\(node) shows no host key at \(road.address)",
                try: "noizylab doctor \(node); a machine behind another one: ssh \(road.address), once by hand")
        }
        let wanted = fingerprint ?? keys.fingerprints.first.map { String($0.prefix { $0 != " " }) } ?? ""
        guard let key = keys.only(Substring(wanted)) else {
            throw CommandFailure(
                .denied, "none of the keys that \(road.address) shows is \(wanted): nothing was changed",
                try: "find out why; ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub, there")
        }
        Console.stdout.print("\(node) at \(road.address) shows:")
        for text in key.fingerprints { Console.stdout.print("  \(TerminalText.oneLine(text))") }
        if fingerprint == nil { try confirm() }
        let old = Folders.readText(home.knownHosts) ?? ""
        try PrivateFile.write(KnownHosts.text(old, replacing: key.lines), to: home.knownHosts)
        Console.stdout.print("believed from now on (\(home.knownHosts))")
    }

    private func confirm() throws {
        guard isatty(STDIN_FILENO) == 1 else {
            throw CommandFailure(
                .usage, "nobody is there to say whether it is the right one: nothing was changed",
                try: "noizylab node trust \(node) --fingerprint SHA256:…")
        }
        Console.stdout.write("Is that what the machine itself shows? (yes/no) ")
        guard readLine()?.lowercased() == "yes" else {
            throw CommandFailure(.denied, "nothing was changed")
        }
    }
}
