import GridLogic
import GridModel
import Testing

struct KeyScopeTests {
    private static let echo = TaskPayload.echo("hi")
    private static let shell = TaskPayload.command(Command(invocation: .arguments(["true"])))
    private static let python = TaskPayload.command(Command(invocation: .script(.python, "pass")))
    private static let ping = TaskPayload.network(NetworkCheck(kind: .ping, host: "localhost"))

    struct Row: Sendable, CustomTestStringConvertible {
        var nodes: [String] = []
        var types: Set<String> = []
        var payload = KeyScopeTests.echo
        var node: String?
        /// Nil: it may.
        var refused: String?

        var testDescription: String { "\(nodes) \(types) \(payload.type) on \(node ?? "any"): \(refused ?? "granted")" }
    }

    @Test(arguments: [
        Row(), Row(node: "HP-OMEN"), Row(payload: shell), Row(types: ["echo"]),
        Row(types: ["echo"], payload: shell, refused: "KEY_TYPE"),
        Row(types: ["echo", "shell"], payload: shell),
        // A key for shell is not one for python, nor the other way round.
        Row(types: ["shell"], payload: python, refused: "KEY_TYPE"),
        Row(types: ["python"], payload: shell, refused: "KEY_TYPE"),
        Row(types: ["network_diagnostic"], payload: ping),
        Row(nodes: ["HP-*"], node: "HP-OMEN"), Row(nodes: ["HP-*"], node: "Mac-Pro", refused: "KEY_NODE"),
        Row(nodes: ["HP-*"], refused: "KEY_NODE"), Row(nodes: ["HP-*", "Mac-Pro"], node: "Mac-Pro"),
        Row(nodes: ["*"], refused: "KEY_NODE"), Row(nodes: ["*"], node: "anything"),
        Row(nodes: ["HP-*"], types: ["echo"], payload: shell, node: "Mac-Pro", refused: "KEY_TYPE"),
        Row(nodes: ["HP-*"], types: ["echo"], node: "Mac-Pro", refused: "KEY_NODE"),
    ])
    func `a scope lets run what it covers and refuses the rest by name`(row: Row) {
        let scope = KeyScope(role: .operator, nodes: row.nodes.compactMap { NamePattern($0) }, types: row.types)
        let spec = TaskSpec(payload: row.payload, node: row.node.flatMap { NodeName($0) })
        #expect(scope.refusal(toRun: spec)?.reason == row.refused)
        #expect(scope.refusal(toRun: spec)?.code == (row.refused == nil ? nil : .permissionDenied))
    }

    @Test(arguments: [("HP-OMEN", true), ("HP-2", true), ("Mac-Pro", false), ("hp-omen", false)])
    func `a key looks after the nodes of its pattern alone`(name: String, isAllowed: Bool) throws {
        let scope = KeyScope(role: .operator, nodes: [try #require(NamePattern("HP-*"))])
        #expect((scope.refusal(toUse: NodeName(checked: name)) == nil) == isAllowed)
    }

    @Test(arguments: KeyRole.allCases)
    func `a role's permissions are those written here`(role: KeyRole) {
        let expected: Set<KeyPermission> =
            switch role {
            case .viewer: [.viewTasks, .viewGrid]
            case .submitter: [.viewTasks, .viewGrid, .runTasks, .shareState]
            case .operator: [.viewTasks, .viewGrid, .runTasks, .shareState, .registerNodes, .manageNodes]
            }
        let scope = KeyScope(role: role)
        for permission in KeyPermission.allCases {
            #expect(scope.allows(permission) == expected.contains(permission))
        }
    }

    @Test func `permissions narrow a role`() {
        let scope = KeyScope(role: .operator, permissions: [.viewGrid])
        #expect(KeyPermission.allCases.filter(scope.allows) == [.viewGrid])
    }

    @Test func `a key is active until it expires or is revoked`() {
        var key = APIKeyRecord(
            id: "abc", name: NodeName(checked: "ci"), scope: KeyScope(role: .viewer),
            createdAt: Timestamp(microseconds: 0), createdBy: "ann", expiresAt: Timestamp(microseconds: 100))
        #expect(key.state(at: Timestamp(microseconds: 99)) == .active)
        #expect(key.state(at: Timestamp(microseconds: 100)) == .expired)
        key.revokedAt = Timestamp(microseconds: 50)
        #expect(key.state(at: Timestamp(microseconds: 40)) == .revoked)
        #expect(key.submitter == "key:ci")
    }
}
