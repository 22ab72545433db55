import GridIdentity
import GridLogic
import GridModel
import GridWire

/// What links need of the door: who may speak for which node.
extension GridOperations {
    /// An agent speaks for the node its certificate names, and no other.
    func linkedNode(_ caller: Caller) throws(OperationError) -> NodeName {
        try authorise(caller, .linkNode)
        guard let node = NodeName(caller.name) else {
            throw .refused(.invalid("certificate", "names no node: \(caller.name)"))
        }
        return node
    }

    func node(_ name: NodeName, hello: Noizylab_Grid_AgentHello, peer: String) -> Node {
        Node(
            name: name, role: NodeRole(hello.role.isEmpty ? "compute" : hello.role),
            link: LinkKind(rawValue: hello.link) ?? .agent,
            address: settings.roadAddresses[name] ?? Self.host(of: peer),
            inventory: hello.inventory.model(), labels: hello.labels)
    }

    func linkClosed(_ session: LinkSession, reason: String) async {
        // Taken even when the mailbox is full: it is what stops the flood. Refused only by a loop that has ended.
        _ = loop.mailbox.push(
            .link(
                .nodeDisconnected(session.node, session.id, reason: reason), at: SystemClock.monotonic()),
            isUrgent: true)
    }

    /// `ipv4:10.0.0.2:1234` and `ipv6:[::1]:1234` without family and port.
    static func host(of peer: String) -> String {
        var text = Substring(peer)
        if let colon = text.firstIndex(of: ":"), text.hasPrefix("ipv") { text = text[text.index(after: colon)...] }
        if text.hasPrefix("["), let end = text.firstIndex(of: "]") { return String(text.dropFirst().prefix(upTo: end)) }
        if let colon = text.lastIndex(of: ":") { text = text[..<colon] }
        return String(text)
    }
}
