import ArgumentParser
import Discovery
import Foundation
import GridModel

struct DiscoverCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration.command(
        "discover", "Find the machines of a network, and what they seem to be.",
        examples: [
            "discover", "discover 192.168.1.0/24", "discover 192.168.1.21 --add --name Mac-Pro --user studio",
            "discover -o json",
        ],
        discussion: """
            It listens for coordinators that announce themselves, looks into this machine's table of neighbours, and knocks \
            once at ports 22, 5985, 5986 and 50051 of every address: at most 256 connections a second, and no log-in. \
            Without a network it searches the private ones that this machine is in. Networks of more than 4,096 addresses, \
            and public ones, have to be asked for by --any.
            """)

    @OptionGroup var options: GridOptions

    @Argument(help: ArgumentHelp("Networks or addresses: 192.168.1.0/24, 192.168.1.21.", valueName: "cidr"))
    var networks: [String] = []

    @Flag(help: "Also large networks, and public ones.")
    var any = false

    @Flag(help: "Add the one machine that is found to the configuration.")
    var add = false

    @Option(help: ArgumentHelp("With --add: how it is to be called (default: after its address).", valueName: "name"))
    var name: String?

    @Option(help: ArgumentHelp("With --add: whom to log in as (default: as OpenSSH has it).", valueName: "user"))
    var user: String?

    @OptionGroup var format: OutputOption

    func validate() throws {
        if add, networks.count != 1 { throw ValidationError("--add wants the one address that is to be added") }
        if !add, name != nil || user != nil { throw ValidationError("--name and --user say something with --add only") }
        if let name, NodeName(name) == nil {
            throw ValidationError("'\(name)' is not a node name: 1 to 63 letters, digits, '.', '_' or '-'")
        }
    }

    func run() async throws {
        let line = LiveLine(console: .stderr)
        let found = try await DiscoveryLook(networks: try wanted()).find { done, all in
            if done % 16 == 0 || done == all { line.show("searching: \(done) of \(all) addresses") }
        }
        line.clear()
        if add { return try addOne(of: found) }
        let listing = DiscoveryListing(
            hosts: found, known: known(), own: Set(LocalNetwork.all().map(\.address)), user: "")
        listing.listing.print(as: format.output)
        guard format.output == .table || format.output == .wide else { return }
        if found.isEmpty { Console.stderr.print("nobody was found") }
        if !listing.advice.isEmpty { Console.stdout.print("\n" + listing.advice.trimmingSuffix("\n")) }
    }

    private func wanted() throws -> [IPv4Network] {
        do {
            if networks.isEmpty { return try SearchPlan.own(LocalNetwork.all().map(\.network)) }
            return try networks.map { try SearchPlan.named($0, isAnyAllowed: any) }
        } catch let refusal as SearchPlan.Refusal {
            throw CommandFailure(.usage, "\(refusal)", try: refusal.remedy)
        }
    }

    /// Of the grid that runs, and of the configuration.
    private func known() -> [String: String] {
        var nodes = JSONFile.read(GridPlan.self, from: options.folder.gridRecord)?.nodes ?? []
        if let config = try? ConfigSource(home: options.folder, flag: options.config).read() {
            nodes += GridPlan(config).nodes
        }
        return Dictionary(
            nodes.filter { !$0.address.isEmpty && IPv4Address($0.address)?.description != "127.0.0.1" }.map {
                ($0.address, $0.name)
            }, uniquingKeysWith: { $1 })
    }

    private func addOne(of found: [FoundHost]) throws {
        guard let host = found.first, found.count == 1 else {
            throw CommandFailure(
                .unreachable,
                found.isEmpty ? "nobody is at \(networks[0])" : "\(found.count) machines are in \(networks[0])",
                try: "one address: noizylab discover 192.168.1.21 --add")
        }
        guard let stanza = HostStanza(host, name: name, user: user ?? "") else {
            throw CommandFailure(
                .failure, "\(host.address) takes no SSH: \(HostGuess(host).words)",
                try: "there: sudo systemctl start ssh; or noizylab join, there")
        }
        let addition = ConfigAddition(name: stanza.name, address: stanza.address, stanza: stanza.text)
        let path = try ConfigWriter.add(addition, to: ConfigSource(home: options.folder, flag: options.config))
        Console.stdout.print(
            "\(stanza.name) at \(stanza.address) is in \(path); noizylab stop and noizylab start take it in")
    }
}
