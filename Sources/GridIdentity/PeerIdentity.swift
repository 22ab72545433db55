import GridModel

/// What a certificate's holder may be.
package enum PeerRole: String, CaseIterable, Sendable {
    case coordinator, agent, `operator`, submitter, viewer
}

/// Who a peer is: the one URI name in its certificate, `spiffe://<cluster>/<role>/<name>`.
///
/// Cluster and name follow the rule of `NodeName`, so nothing in the URI is ever escaped, and each identity has exactly
/// one spelling. Compared exactly.
package struct PeerIdentity: Hashable, Sendable, CustomStringConvertible {
    package let cluster: String
    package let role: PeerRole
    package let name: String

    /// Nil when the cluster or the name is not well formed.
    package init?(cluster: String, role: PeerRole, name: String) {
        guard NodeName(cluster) != nil, NodeName(name) != nil else { return nil }
        self.cluster = cluster
        self.role = role
        self.name = name
    }

    /// Nil for anything but the one spelling.
    package init?(uri: String) {
        guard uri.utf8.count <= Self.uriLimit, uri.utf8.starts(with: Self.scheme.utf8) else { return nil }
        let parts = uri.dropFirst(Self.scheme.count)
            .split(separator: "/", maxSplits: 3, omittingEmptySubsequences: false)
        guard parts.count == 3, let role = PeerRole(rawValue: String(parts[1])) else { return nil }
        self.init(cluster: String(parts[0]), role: role, name: String(parts[2]))
    }

    package var uri: String { "\(Self.scheme)\(cluster)/\(role.rawValue)/\(name)" }

    package var description: String { uri }

    static let scheme = "spiffe://"
    private static let uriLimit = 9 + 63 + 1 + 11 + 1 + 63
}
