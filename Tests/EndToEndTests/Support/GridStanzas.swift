import Foundation
import TestSupport

/// Configurations of test grids.
enum GridStanzas {
    /// A coordinator on its ports, free ones unless said, with a local node `here`, and what else is given.
    static func grid(_ further: String..., listen: Int = 0, edge: Int = 0) -> String {
        """
        [coordinator]
        listen = "127.0.0.1:\(listen)"
        edge = "127.0.0.1:\(edge)"

        [[node]]
        name = "here"
        link = "local"

        \(further.joined(separator: "\n\n"))
        """
    }

    /// A node without an agent, at a port of this machine.
    static func node(_ name: String, _ link: String, address: String = "127.0.0.1", port: Int, _ keys: String = "")
        -> String
    {
        """
        [[node]]
        name = "\(name)"
        link = "\(link)"
        address = "\(address)"
        port = \(port)
        \(keys)
        """
    }
}

extension LoopbackSSH {
    /// A node over this server.
    func node(_ name: String, address: String = "127.0.0.1", knownHosts: String? = nil) -> String {
        GridStanzas.node(
            name, "ssh", address: address, port: port,
            "key = \"\(key)\"\nknown_hosts = \"\(knownHosts ?? self.knownHosts)\"")
    }
}
