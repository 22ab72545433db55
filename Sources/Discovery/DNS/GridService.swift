/// A coordinator as it is announced on its network (DNS-SD, RFC 6763): `_noizylab._tcp`.
///
/// What is heard of one is a stranger's word: it helps to find a machine, and opens nothing.
package struct GridService: Sendable, Hashable {
    package static let type = "_noizylab._tcp.local"

    package var cluster: String
    package var node: String
    package var version: String
    package var port: UInt16
    /// Where machines join; 0: not said.
    package var edgePort: UInt16
    package var addresses: [IPv4Address]

    package init(
        cluster: String, node: String, version: String, port: UInt16, edgePort: UInt16, addresses: [IPv4Address] = []
    ) {
        self.cluster = cluster
        self.node = node
        self.version = version
        self.port = port
        self.edgePort = edgePort
        self.addresses = addresses
    }

    /// Cluster and node make one announcement; cut to what a label holds.
    var instance: String { Self.label("\(node) of \(cluster)") }
    /// A name of our own, so that the machine's own responder keeps its name.
    var host: String { Self.label("noizylab-\(node.replacingDots)") }

    private static func label(_ text: String) -> String {
        var label = text
        while label.utf8.count > 63 { label.removeLast() }
        return label
    }
}

extension String {
    fileprivate var replacingDots: String { String(map { $0 == "." ? "-" : $0 }) }
}
