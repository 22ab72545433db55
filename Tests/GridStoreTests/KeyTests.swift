import GridModel
import GridStore
import Testing

@Suite struct KeyTests {
    private static func key(_ id: String, name: String = "ci", expires: Int64 = 1_000) -> StoredKey {
        StoredKey(
            record: APIKeyRecord(
                id: String((id + String(repeating: "a", count: 16)).prefix(16)), name: NodeName(checked: name),
                scope: KeyScope(
                    role: .operator, permissions: [.viewGrid, .runTasks],
                    nodes: ["HP-*", "Mac-Pro"].compactMap { NamePattern($0) }, types: ["echo", "shell"],
                    rate: KeyRate("10/s")),
                createdAt: Timestamp(microseconds: 1), createdBy: "ann", expiresAt: Timestamp(microseconds: expires)),
            salt: [UInt8](repeating: 1, count: 16), code: [UInt8](repeating: 2, count: 32))
    }

    private static func at(_ microseconds: Int64) -> Timestamp { Timestamp(microseconds: microseconds) }

    @Test func `a key comes back as it was, also after a restart`() throws {
        try withFolder { folder in
            let key = Self.key("b")
            do {
                let store = try SQLiteStore(folder: folder)
                #expect(try store.saveKey(key, at: Self.at(5)))
                try store.close()
            }
            let store = try SQLiteStore(folder: folder)
            #expect(try store.keys() == [key])
        }
    }

    @Test func `one living key has a name, and gives it up when it ends`() throws {
        try withFolder { folder in
            let store = try SQLiteStore(folder: folder)
            #expect(try store.saveKey(Self.key("b"), at: Self.at(5)))
            #expect(try !store.saveKey(Self.key("c"), at: Self.at(5)), "the name is taken")
            try store.revokeKey(id: Self.key("b").record.id, at: Self.at(6))
            #expect(try store.saveKey(Self.key("c"), at: Self.at(7)))
            #expect(try store.saveKey(Self.key("d", expires: 5_000), at: Self.at(1_000)), "the other has expired")
            let revoked = try store.keys().map { $0.record.revokedAt?.microseconds }
            #expect(revoked.compactMap { $0 }.sorted() == [6, 1_000])
        }
    }

    @Test func `a revocation is for ever and keeps its first time`() throws {
        try withFolder { folder in
            let store = try SQLiteStore(folder: folder)
            _ = try store.saveKey(Self.key("b"), at: Self.at(5))
            try store.revokeKey(id: Self.key("b").record.id, at: Self.at(6))
            try store.revokeKey(id: Self.key("b").record.id, at: Self.at(9))
            #expect(try store.keys().map(\.record.revokedAt) == [Self.at(6)])
        }
    }

    @Test func `the last use only moves forward`() throws {
        try withFolder { folder in
            let store = try SQLiteStore(folder: folder)
            _ = try store.saveKey(Self.key("b"), at: Self.at(5))
            for time: Int64 in [50, 40] { try store.noteKeyUses([Self.key("b").record.id: Self.at(time)]) }
            #expect(try store.keys().map(\.record.lastUsedAt) == [Self.at(50)])
        }
    }

    @Test func `ended keys are forgotten after their time, living ones never`() throws {
        try withFolder { folder in
            let store = try SQLiteStore(folder: folder)
            _ = try store.saveKey(Self.key("b", name: "gone", expires: 10), at: Self.at(5))
            _ = try store.saveKey(Self.key("c", name: "revoked", expires: 1_000), at: Self.at(5))
            _ = try store.saveKey(Self.key("d", name: "alive", expires: 1_000), at: Self.at(5))
            try store.revokeKey(id: Self.key("c").record.id, at: Self.at(20))
            let gone = try store.purgeKeys(endedBefore: Self.at(30))
            #expect(Set(gone) == [Self.key("b").record.id, Self.key("c").record.id])
            #expect(try store.keys().map(\.record.name.text) == ["alive"])
        }
    }
}
