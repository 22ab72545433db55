/// What an API key may be allowed to do. Whatever else the grid knows as a permission, no key ever has: keys look after
/// tasks and nodes, and never make identities, so that a leaked one cannot outlive its revocation.
package enum KeyPermission: String, Sendable, Hashable, CaseIterable {
    case viewTasks, runTasks, viewGrid, shareState, registerNodes, manageNodes
}

/// The sets of permissions that have a name.
package enum KeyRole: String, Sendable, Hashable, CaseIterable {
    case viewer, submitter, `operator`

    package var permissions: Set<KeyPermission> {
        switch self {
        case .viewer: [.viewTasks, .viewGrid]
        case .submitter: [.viewTasks, .runTasks, .viewGrid, .shareState]
        case .operator: Set(KeyPermission.allCases)
        }
    }
}

/// What one key may do, and with what. Everything that is not named is denied.
package struct KeyScope: Sendable, Hashable {
    /// Whose tasks it sees: a submitter's its own, the others' all.
    package var role: KeyRole
    /// Among the role's.
    package var permissions: Set<KeyPermission>
    /// Nodes that it may use and look after; empty: every one.
    package var nodes: [NamePattern]
    /// Types of task that it may submit; empty: every one.
    package var types: Set<String>
    /// Calls, and tasks of a stream, in a span of time; nil: the grid's own limit alone.
    package var rate: KeyRate?

    package init(
        role: KeyRole, permissions: Set<KeyPermission>? = nil, nodes: [NamePattern] = [], types: Set<String> = [],
        rate: KeyRate? = nil
    ) {
        self.role = role
        self.permissions = permissions ?? role.permissions
        self.nodes = nodes
        self.types = types
        self.rate = rate
    }
}

/// So many in so long: 10 in a second, 5,000 in an hour.
package struct KeyRate: Sendable, Hashable, CustomStringConvertible {
    package let count: Int64
    package let milliseconds: Int64

    /// Nil when it is not 1 to 1,000,000 in a second, a minute or an hour.
    package init?(count: Int64, milliseconds: Int64) {
        guard (1...1_000_000).contains(count), Self.spans.contains(where: { $0.milliseconds == milliseconds }) else {
            return nil
        }
        self.count = count
        self.milliseconds = milliseconds
    }

    /// `10/s`, `600/m`, `5000/h`.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0].utf8.allSatisfy({ (48...57).contains($0) }), let count = Int64(parts[0]),
            let span = Self.spans.first(where: { $0.letter == parts[1] })
        else { return nil }
        self.init(count: count, milliseconds: span.milliseconds)
    }

    package var description: String {
        "\(count)/\(Self.spans.first { $0.milliseconds == milliseconds }?.letter ?? "?")"
    }

    package var perSecond: Double { Double(count) * 1_000 / Double(milliseconds) }

    private static let spans: [(letter: Substring, milliseconds: Int64)] = [
        ("s", 1_000), ("m", 60_000), ("h", 3_600_000),
    ]
}

/// A key as it is kept: everything but its secret.
package struct APIKeyRecord: Sendable, Hashable {
    /// The public part of the key's text, by which it is found.
    package let id: String
    /// Unique among the living keys; what it submits bears `key:<name>`.
    package let name: NodeName
    package let scope: KeyScope
    package let createdAt: Timestamp
    package let createdBy: String
    package let expiresAt: Timestamp
    package var revokedAt: Timestamp?
    package var lastUsedAt: Timestamp?

    package init(
        id: String, name: NodeName, scope: KeyScope, createdAt: Timestamp, createdBy: String, expiresAt: Timestamp,
        revokedAt: Timestamp? = nil, lastUsedAt: Timestamp? = nil
    ) {
        self.id = id
        self.name = name
        self.scope = scope
        self.createdAt = createdAt
        self.createdBy = createdBy
        self.expiresAt = expiresAt
        self.revokedAt = revokedAt
        self.lastUsedAt = lastUsedAt
    }

    /// `active` until it expires or is revoked; neither is ever undone.
    package enum State: String, Sendable, Hashable {
        case active, expired, revoked
    }

    package func state(at now: Timestamp) -> State {
        if revokedAt != nil { return .revoked }
        return expiresAt <= now ? .expired : .active
    }

    /// As tasks and events name it. No certificate's name has a colon.
    package var submitter: String { "key:\(name)" }
}
