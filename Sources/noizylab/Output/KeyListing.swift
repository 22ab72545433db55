import GridWire

/// API keys as tables and documents. Their secrets are nowhere to be shown.
struct KeyListing {
    let keys: [Noizylab_Grid_APIKeyInfo]
    let now: Int64

    var listing: Listing {
        Listing(table: table, wide: wide, documents: keys.map(Self.document), names: keys.map(\.name))
    }

    private var table: Table {
        var table = Table(
            .init("KEY"), .init("ROLE"), .init("STATE"), .init("NODES"), .init("TYPES"), .init("RATE"),
            .init("EXPIRES"), .init("USED"))
        for key in keys {
            table.add(
                .init(key.name), .init(key.role), state(key), .init(Self.any(key.nodes)), .init(Self.any(key.types)),
                .init(key.rate.isEmpty ? "-" : key.rate),
                .init(TimeText.relative(microseconds: key.expiresAtUs, now: now)), .init(used(key)))
        }
        return table
    }

    private var wide: Table {
        var table = Table(
            .init("KEY"), .init("ID"), .init("ROLE"), .init("STATE"), .init("PERMISSIONS"), .init("NODES"),
            .init("TYPES"), .init("RATE"), .init("CREATED"), .init("BY"), .init("EXPIRES"), .init("USED"))
        for key in keys {
            table.add(
                .init(key.name), .init(key.id), .init(key.role), state(key),
                .init(key.permissions.joined(separator: ",")), .init(Self.any(key.nodes)), .init(Self.any(key.types)),
                .init(key.rate.isEmpty ? "-" : key.rate),
                .init(TimeText.relative(microseconds: key.createdAtUs, now: now)), .init(key.createdBy),
                .init(TimeText.relative(microseconds: key.expiresAtUs, now: now)), .init(used(key)))
        }
        return table
    }

    static func document(_ key: Noizylab_Grid_APIKeyInfo) -> JSONValue {
        func list(_ texts: [String]) -> JSONValue { .array(texts.map { .string($0) }) }
        return .object([
            "id": .string(key.id), "name": .string(key.name), "role": .string(key.role), "state": .string(key.state),
            "permissions": list(key.permissions), "nodes": list(key.nodes), "types": list(key.types),
            "rate": key.rate.isEmpty ? .null : .string(key.rate),
            "created_at": JSONValue(TimeText.iso(microseconds: key.createdAtUs)),
            "created_by": .string(key.createdBy),
            "expires_at": JSONValue(TimeText.iso(microseconds: key.expiresAtUs)),
            "last_used_at": JSONValue(TimeText.iso(microseconds: key.lastUsedAtUs)),
            "revoked_at": JSONValue(TimeText.iso(microseconds: key.revokedAtUs)),
        ])
    }

    private func state(_ key: Noizylab_Grid_APIKeyInfo) -> Table.Cell {
        .init(key.state, key.state == "active" ? .good : .quiet)
    }

    private func used(_ key: Noizylab_Grid_APIKeyInfo) -> String {
        key.lastUsedAtUs == 0 ? "never" : TimeText.relative(microseconds: key.lastUsedAtUs, now: now)
    }

    private static func any(_ texts: [String]) -> String { texts.isEmpty ? "any" : texts.joined(separator: ",") }
}
