import GRPCCore
import GridIdentity
import GridModel
import GridWire

/// `noizylab.grid.Keys`: the keys of programs that have no certificate.
struct KeysService: Noizylab_Grid_Keys.SimpleServiceProtocol {
    let operations: GridOperations

    func createKey(request: Noizylab_Grid_CreateKeyRequest, context: ServerContext) async throws
        -> Noizylab_Grid_CreateKeyResponse
    {
        context.call.note(subject: "key=\(APIKey.reference(request.name).prefix(63))")
        let made = try await operations.createKey(
            context.caller, name: request.name, scope: try request.scope(), lifetimeSeconds: request.ttlSeconds)
        var response = Noizylab_Grid_CreateKeyResponse()
        response.key = made.key.text
        response.info = Noizylab_Grid_APIKeyInfo(made.record, at: SystemClock.wall())
        response.edge = operations.boundAddresses.edge
        response.authority = operations.identities.authority.trust.pem
        return response
    }

    func listKeys(request: Noizylab_Grid_ListKeysRequest, context: ServerContext) async throws
        -> Noizylab_Grid_ListKeysResponse
    {
        let (keys, now) = try operations.listKeys(context.caller, all: request.all)
        var response = Noizylab_Grid_ListKeysResponse()
        response.keys = keys.map { Noizylab_Grid_APIKeyInfo($0, at: now) }
        return response
    }

    func revokeKey(request: Noizylab_Grid_RevokeKeyRequest, context: ServerContext) async throws
        -> Noizylab_Grid_APIKeyInfo
    {
        let revoked = try await operations.revokeKey(context.caller, named: APIKey.reference(request.key))
        // Only what was found: what was asked for may be anything, a key's secret too.
        context.call.note(subject: "key=\(revoked.name)")
        return Noizylab_Grid_APIKeyInfo(revoked, at: SystemClock.wall())
    }
}

extension Noizylab_Grid_CreateKeyRequest {
    private static let mostOfAnything = 64

    /// Everything that is wrong with it at once, except that of lists that are too long nothing else is said.
    fileprivate func scope() throws(OperationError) -> KeyScope {
        var violations: [Refusal.Violation] = []
        func add(_ field: String, _ description: String) {
            violations.append(Refusal.Violation(field: field, description: description))
        }
        for (field, count) in [("permissions", permissions.count), ("nodes", nodes.count), ("types", types.count)]
        where count > Self.mostOfAnything {
            add(field, "must be at most \(Self.mostOfAnything); these are \(count)")
        }
        if !violations.isEmpty { throw .refused(.invalid(violations)) }
        let wanted = role.isEmpty ? KeyRole.submitter : KeyRole(rawValue: role)
        if wanted == nil {
            add("role", "must be one of \(KeyRole.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        let role = wanted ?? .submitter
        var narrowed: Set<KeyPermission> = []
        for text in permissions {
            let known = role.permissions.map(\.rawValue).sorted().joined(separator: ", ")
            guard let permission = KeyPermission(rawValue: text), role.permissions.contains(permission) else {
                add("permissions", "'\(text.prefix(40))' is not one that the role \(role.rawValue) has: \(known)")
                continue
            }
            narrowed.insert(permission)
        }
        let patterns = nodes.map { NamePattern($0) }
        if patterns.contains(nil) { add("nodes", "must be node names, in which * and ? may stand") }
        if let unknown = types.first(where: { !TaskPayload.knownTypes.contains($0) }) {
            let known = TaskPayload.knownTypes.joined(separator: ", ")
            add("types", "'\(unknown.prefix(40))' is no task type: one of \(known)")
        }
        let rate = KeyRate(self.rate)
        if rate == nil, !self.rate.isEmpty { add("rate", "must be 10/s, 600/m or 5000/h, at most 1000000") }
        if !violations.isEmpty { throw .refused(.invalid(violations)) }
        return KeyScope(
            role: role, permissions: narrowed.isEmpty ? nil : narrowed, nodes: patterns.compactMap { $0 },
            types: Set(types), rate: rate)
    }
}

extension Noizylab_Grid_APIKeyInfo {
    fileprivate init(_ record: APIKeyRecord, at now: Timestamp) {
        self.init()
        id = record.id
        name = record.name.text
        role = record.scope.role.rawValue
        permissions = record.scope.permissions.map(\.rawValue).sorted()
        nodes = record.scope.nodes.map(\.text)
        types = record.scope.types.sorted()
        rate = record.scope.rate?.description ?? ""
        state = record.state(at: now).rawValue
        createdAtUs = record.createdAt.microseconds
        createdBy = record.createdBy
        expiresAtUs = record.expiresAt.microseconds
        lastUsedAtUs = record.lastUsedAt?.microseconds ?? 0
        revokedAtUs = record.revokedAt?.microseconds ?? 0
    }
}
