/// The lines of the configuration that take a found machine in.
package struct HostStanza: Sendable, Hashable {
    package var name: String
    package var address: String
    package var user: String

    /// Nil for a machine that this grid has no road to. A machine without a name of its own is called by its address.
    package init?(_ host: FoundHost, name: String? = nil, user: String) {
        guard host.port(.ssh) != nil, HostGuess(host).kind != .windows else { return nil }
        address = "\(host.address)"
        self.name = name ?? "node-" + address.split(separator: ".").joined(separator: "-")
        self.user = user
    }

    package var text: String {
        """
        [[node]]
        name = "\(name)"
        link = "ssh"
        address = "\(address)"

        """ + (user.isEmpty ? "" : "user = \"\(user)\"\n")
    }
}
