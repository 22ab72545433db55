import NIOCore

/// An address of this machine, and the network that it is in.
package struct LocalNetwork: Sendable, Hashable {
    package let interface: String
    package let address: IPv4Address
    package let network: IPv4Network
    package let takesMulticast: Bool
    let index: Int

    /// Of all interfaces that have an IPv4 address; empty when the system does not say.
    package static func all() -> [LocalNetwork] {
        ((try? System.enumerateDevices()) ?? []).compactMap { device in
            guard let address = device.address.flatMap(IPv4Address.init),
                let mask = device.netmask.flatMap(IPv4Address.init)
            else { return nil }
            let prefix = mask.number.nonzeroBitCount
            return LocalNetwork(
                interface: device.name, address: address, network: IPv4Network(containing: address, prefix: prefix),
                takesMulticast: device.multicastSupported, index: device.interfaceIndex)
        }
    }

    /// Where services are announced and looked for.
    package static func multicast() -> [LocalNetwork] {
        all().filter { $0.takesMulticast && !$0.network.isLoopback && $0.network.prefix < 32 }
    }
}

extension IPv4Address {
    /// Nil for another family.
    init?(_ address: SocketAddress) {
        guard let text = address.ipAddress else { return nil }
        self.init(text)
    }
}
